-- A store of schema version 4, as octopoll wrote it. Newer code must open it for ever: never change this file.
PRAGMA journal_mode = WAL;
PRAGMA application_id = 0x4F63506C;
CREATE TABLE devices (
  id            INTEGER PRIMARY KEY,
  name          TEXT NOT NULL UNIQUE,  -- in the inventory
  address       TEXT,                  -- as last polled, "192.0.2.1:161"
  sys_name      TEXT,                  -- system group (RFC 3418), as last read
  sys_descr     TEXT,
  sys_object_id TEXT,
  sys_location  TEXT,
  sys_contact   TEXT,
  first_seen    INTEGER) STRICT;
INSERT INTO devices VALUES(1,'sw1','192.0.2.1:161','sw1','Example OS "7"','1.3.6.1.4.1.8072.3.2.10',NULL,'',1769860800000);
CREATE TABLE interfaces (
  id            INTEGER PRIMARY KEY,
  device_id     INTEGER NOT NULL REFERENCES devices(id),
  name          TEXT NOT NULL,         -- the identity: ifName, else ifDescr, else "#ifIndex"
  if_index      INTEGER NOT NULL,      -- this and what follows: as last read
  if_name       TEXT,
  descr         TEXT,
  alias         TEXT,
  type          INTEGER,               -- IANAifType
  mtu           INTEGER,               -- octets
  phys_address  TEXT,
  speed_bps     INTEGER,               -- bit/s as the agent says; NULL where it does not know
  speed_source  TEXT NOT NULL,
  in_speed_bps  INTEGER,               -- bit/s that utilisation divides by, after the inventory's overrides
  out_speed_bps INTEGER,
  first_seen    INTEGER NOT NULL,      -- unix ms; last seen: interface_latest.read_at
  UNIQUE (device_id, name)
) STRICT;
INSERT INTO interfaces VALUES(1,1,'eth0',1,'eth0','Ethernet 0','uplink',6,1500,'00:00:5e:00:53:01',1000000000,'if_speed',1000000000,1000000000,1769860800000);
INSERT INTO interfaces VALUES(2,1,'lo',2,'lo',NULL,NULL,24,65536,'',NULL,'none',NULL,NULL,1769860860000);
CREATE TABLE polls (
  id              INTEGER PRIMARY KEY,
  device_id       INTEGER NOT NULL REFERENCES devices(id),
  poll_number     INTEGER NOT NULL,    -- counts a device's cycles for ever; it orders them, the clock does not
  slot            INTEGER NOT NULL,    -- turn of the schedule
  started_at      INTEGER NOT NULL,    -- unix ms, a label
  duration_ms     REAL NOT NULL,
  interval_ms     REAL NOT NULL,
  outcome         TEXT NOT NULL,       -- complete, partial, failed
  error_kind      TEXT,
  error           TEXT,
  rebooted        INTEGER NOT NULL,    -- 1: the agent restarted since the cycle before
  sys_uptime      INTEGER,             -- 1/100 s, modulo 2^32
  cache_period_ms REAL NOT NULL,       -- of the agent's counters; 0: answers fresh
  requests        INTEGER NOT NULL,
  responses       INTEGER NOT NULL,
  retries         INTEGER NOT NULL,
  octets_sent     INTEGER NOT NULL,
  octets_received INTEGER NOT NULL,
  UNIQUE (device_id, poll_number)
) STRICT;
INSERT INTO polls VALUES(1,1,40,29497680,1769860800000,12.5,60000.0,'complete',NULL,NULL,0,123456,0.0,3,3,0,300,900);
INSERT INTO polls VALUES(2,1,41,29497681,1769860860000,11.0,60000.0,'partial','partial','sw1: 1 row is missing',0,129456,0.0,3,3,0,300,900);
CREATE TABLE ping_targets (
  id        INTEGER PRIMARY KEY,
  name      TEXT NOT NULL UNIQUE,
  is_device INTEGER NOT NULL,          -- 1: the device of that name
  address   TEXT                       -- as last probed
) STRICT;
INSERT INTO ping_targets VALUES(1,'sw1',1,'192.0.2.1');
CREATE TABLE ping_rounds (
  id               INTEGER PRIMARY KEY,
  target_id        INTEGER NOT NULL REFERENCES ping_targets(id),
  round            INTEGER NOT NULL,   -- counts within one run of octopoll
  started_at       INTEGER NOT NULL,   -- unix ms
  interval_ms      REAL NOT NULL,
  sent             INTEGER NOT NULL,
  received         INTEGER NOT NULL,   -- in time; sent - received is lost
  duplicates       INTEGER NOT NULL,
  late             INTEGER NOT NULL,   -- came after the timeout: lost
  rtt_min_us       REAL,               -- of the received; NULL where none came back
  rtt_mean_us      REAL,
  rtt_median_us    REAL,
  rtt_max_us       REAL,
  rtt_deviation_us REAL,               -- population standard deviation
  rtts_us          TEXT NOT NULL,      -- JSON array of all round trips, in order of sending
  error_kind       TEXT,
  error            TEXT, slot /* turn of the schedule, as polls.slot of the same device; NULL in this and
                                           those below: also where it is older than version 3 */ INTEGER, errors /* ICMP errors about its requests; in version 2 not counted */
                                   INTEGER NOT NULL DEFAULT 0, rtt_p5_us /* 5th and 95th percentile by nearest rank */ REAL, rtt_p95_us REAL, delay_variation_us /* RFC 3393: mean |difference| of a received one and the next */
                                   REAL, smoothed_jitter_us /* RFC 3550 section 6.4.1, from 0 in each round */ REAL,
  UNIQUE (target_id, started_at, round)
) STRICT;
INSERT INTO ping_rounds VALUES(1,1,1,1769860800000,60000.0,2,1,0,1,812.3450000000000273,812.3450000000000273,812.3450000000000273,812.3450000000000273,0.0,'[812.345]',NULL,NULL,NULL,0,NULL,NULL,NULL,NULL);
CREATE TABLE sample_rows (
  id             INTEGER PRIMARY KEY, -- poll_id << 24 | interface_id
  read_after_ms  INTEGER NOT NULL,    -- polls.started_at + this: when the row was read
  elapsed_us     INTEGER NOT NULL,    -- that the deltas cover; 0 where there is no earlier reading
  time_error_ppb INTEGER NOT NULL,    -- relative uncertainty of elapsed_us, 50000000 is 5 %
  states         INTEGER NOT NULL,    -- in_quality + 16 * out_quality + 256 * admin_status + 4096 * oper_status
                                      -- + 65536 where sample_exceptions has a row
  speed_mbps     INTEGER,             -- Mbit/s that utilisation of both directions divides by
  in_octets      INTEGER,             -- deltas; NULL: no honest delta, the quality says why
  out_octets     INTEGER,
  ucast_pkts     INTEGER,             -- deltas in + 2^30 * out, 2^30-1 for none; NULL: none, or in sample_exceptions
  multicast_pkts INTEGER,             -- as ucast_pkts
  broadcast_pkts INTEGER,             -- as ucast_pkts
  faults         INTEGER              -- in_errors + 2^15 * out_errors + 2^30 * in_discards + 2^45 * out_discards,
                                      -- 2^15-1 for none; NULL: none, or in sample_exceptions
) STRICT;
INSERT INTO sample_rows VALUES(16777217,5,0,0,69922,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO sample_rows VALUES(33554433,5,60000000,0,4368,1000,7500000,750000,NULL,NULL,NULL,1152921503533105152);
CREATE TABLE sample_exceptions (      -- what few samples have
  id                 INTEGER PRIMARY KEY REFERENCES sample_rows(id),
  in_speed_bps       INTEGER,         -- bit/s, where speed_mbps cannot say it
  out_speed_bps      INTEGER,
  in_elapsed_us      INTEGER,         -- that the octets cover, where it is not the row's elapsed_us
  out_elapsed_us     INTEGER,
  admin_status       TEXT,            -- where it has no word
  oper_status        TEXT,
  exceptions         TEXT,            -- "in_errors=reset": qualities of the others, where neither ok nor absent
  in_ucast_pkts      INTEGER,         -- deltas that sample_rows has no room for, each with those beside it there
  out_ucast_pkts     INTEGER,
  in_multicast_pkts  INTEGER,
  out_multicast_pkts INTEGER,
  in_broadcast_pkts  INTEGER,
  out_broadcast_pkts INTEGER,
  in_errors          INTEGER,
  out_errors         INTEGER,
  in_discards        INTEGER,
  out_discards       INTEGER
, flapped_at INTEGER) STRICT;
INSERT INTO sample_exceptions VALUES(16777217,NULL,NULL,NULL,NULL,NULL,NULL,'in_errors=first out_errors=first',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,123400);
CREATE TABLE device_latest (           -- raw readings of each device's newest cycle that read its interfaces
  device_id  INTEGER PRIMARY KEY REFERENCES devices(id),
  poll_id    INTEGER REFERENCES polls(id),
  started_at INTEGER,                  -- of that poll, unix ms
  last_seen  INTEGER,                  -- start of the newest cycle that got any answer, unix ms
  readings   TEXT NOT NULL             -- JSON, an array an interface; the view interface_latest names its places
) STRICT;
INSERT INTO device_latest VALUES(1,2,1769860860000,1769860860000,'[[1,5,1,1,129456,null,null,2,-1,4294967295,null,null,null,null,null,null,null,null,null,null]]');
CREATE TABLE older_readings (          -- of interfaces that their device's newest cycle lacks
  interface_id INTEGER PRIMARY KEY REFERENCES interfaces(id),
  poll_id      INTEGER NOT NULL REFERENCES polls(id),
  started_at   INTEGER NOT NULL,
  reading      TEXT NOT NULL
) STRICT;
CREATE TABLE ping_hours (              -- a target's hour, summed up when its next one has begun
  target_id          INTEGER NOT NULL REFERENCES ping_targets(id),
  begins_at          INTEGER NOT NULL, -- unix ms, a whole hour of UTC
  rounds             INTEGER NOT NULL, -- that began in it
  sent               INTEGER NOT NULL,
  received           INTEGER NOT NULL,
  duplicates         INTEGER NOT NULL,
  late               INTEGER NOT NULL,
  errors             INTEGER NOT NULL,
  rtt_min_us         REAL,
  rtt_mean_us        REAL,
  rtt_max_us         REAL,
  delay_variation_us REAL,             -- as in ping_rounds; rounds make no pairs with each other
  distribution       TEXT NOT NULL,    -- JSON: round trips by bucket; b holds 2^(b/16) us up to 2^((b+1)/16) us
  PRIMARY KEY (target_id, begins_at)
) STRICT, WITHOUT ROWID;
CREATE TABLE interface_stack (         -- ifStackTable as last read: a LAG on a port, a VLAN on a LAG
  higher_id INTEGER NOT NULL REFERENCES interfaces(id),
  lower_id  INTEGER NOT NULL REFERENCES interfaces(id),
  PRIMARY KEY (higher_id, lower_id)
) STRICT, WITHOUT ROWID;
INSERT INTO interface_stack VALUES(2,1);
CREATE INDEX polls_by_time ON polls (device_id, started_at);
CREATE VIEW v_polls AS
SELECT d.name AS device, strftime('%Y-%m-%dT%H:%M:%fZ', p.started_at / 1000.0, 'unixepoch') AS time,
       p.poll_number, p.outcome, p.error_kind, p.error, p.rebooted, p.duration_ms, p.interval_ms, p.cache_period_ms,
       p.sys_uptime / 8640000.0 AS uptime_days,
       p.requests, p.responses, p.retries, p.octets_sent, p.octets_received, p.started_at
FROM polls p
JOIN devices d ON d.id = p.device_id;
CREATE VIEW samples AS                 -- one interface in one cycle, in words and rates
SELECT poll_id, interface_id, read_after_ms, elapsed_us, time_error, admin_status, oper_status, in_octets, out_octets,
       in_quality, out_quality, in_bps, out_bps, in_bps / in_speed_bps AS in_utilization,
       out_bps / out_speed_bps AS out_utilization, in_ucast_pkts, out_ucast_pkts, in_multicast_pkts,
       out_multicast_pkts, in_broadcast_pkts, out_broadcast_pkts, in_errors, out_errors, in_discards, out_discards,
       exceptions, in_speed_bps, out_speed_bps
FROM (
  SELECT p.id AS poll_id, r.id & 16777215 AS interface_id, read_after_ms, elapsed_us,
         time_error_ppb / 1e9 AS time_error, in_octets, out_octets, exceptions,
         ifnull(nullif(r.ucast_pkts & 1073741823, 1073741823), x.in_ucast_pkts) AS in_ucast_pkts,
         ifnull(nullif(r.ucast_pkts >> 30, 1073741823), x.out_ucast_pkts) AS out_ucast_pkts,
         ifnull(nullif(r.multicast_pkts & 1073741823, 1073741823), x.in_multicast_pkts) AS in_multicast_pkts,
         ifnull(nullif(r.multicast_pkts >> 30, 1073741823), x.out_multicast_pkts) AS out_multicast_pkts,
         ifnull(nullif(r.broadcast_pkts & 1073741823, 1073741823), x.in_broadcast_pkts) AS in_broadcast_pkts,
         ifnull(nullif(r.broadcast_pkts >> 30, 1073741823), x.out_broadcast_pkts) AS out_broadcast_pkts,
         ifnull(nullif(r.faults & 32767, 32767), x.in_errors) AS in_errors,
         ifnull(nullif(r.faults >> 15 & 32767, 32767), x.out_errors) AS out_errors,
         ifnull(nullif(r.faults >> 30 & 32767, 32767), x.in_discards) AS in_discards,
         ifnull(nullif(r.faults >> 45 & 32767, 32767), x.out_discards) AS out_discards,
         CASE states >> 8 & 15 WHEN 1 THEN 'up' WHEN 2 THEN 'down' WHEN 3 THEN 'testing' WHEN 4 THEN 'unknown'
           WHEN 5 THEN 'dormant' WHEN 6 THEN 'notPresent' WHEN 7 THEN 'lowerLayerDown'
           WHEN 15 THEN x.admin_status END AS admin_status,
         CASE states >> 12 & 15 WHEN 1 THEN 'up' WHEN 2 THEN 'down' WHEN 3 THEN 'testing' WHEN 4 THEN 'unknown'
           WHEN 5 THEN 'dormant' WHEN 6 THEN 'notPresent' WHEN 7 THEN 'lowerLayerDown'
           WHEN 15 THEN x.oper_status END AS oper_status,
         CASE states & 15 WHEN 0 THEN 'ok' WHEN 1 THEN 'wrapped' WHEN 2 THEN 'first' WHEN 3 THEN 'reboot'
           WHEN 4 THEN 'discontinuity' WHEN 5 THEN 'reset' WHEN 6 THEN 'implausible' WHEN 7 THEN 'ambiguous'
           WHEN 8 THEN 'stale' WHEN 9 THEN 'absent' WHEN 10 THEN 'gap' END AS in_quality,
         CASE states >> 4 & 15 WHEN 0 THEN 'ok' WHEN 1 THEN 'wrapped' WHEN 2 THEN 'first' WHEN 3 THEN 'reboot'
           WHEN 4 THEN 'discontinuity' WHEN 5 THEN 'reset' WHEN 6 THEN 'implausible' WHEN 7 THEN 'ambiguous'
           WHEN 8 THEN 'stale' WHEN 9 THEN 'absent' WHEN 10 THEN 'gap' END AS out_quality,
         iif(states & 14 = 0, in_octets / (ifnull(in_elapsed_us, elapsed_us) / 1e6) * 8.0, NULL) AS in_bps,
         iif(states >> 4 & 14 = 0, out_octets / (ifnull(out_elapsed_us, elapsed_us) / 1e6) * 8.0, NULL) AS out_bps,
         ifnull(speed_mbps * 1000000, x.in_speed_bps) AS in_speed_bps,
         ifnull(speed_mbps * 1000000, x.out_speed_bps) AS out_speed_bps
  FROM polls p
  JOIN sample_rows r ON r.id BETWEEN p.id << 24 AND p.id << 24 | 16777215
  LEFT JOIN sample_exceptions x ON x.id = iif(r.states > 65535, r.id, NULL))
;
CREATE VIEW interface_latest AS        -- raw readings of the newest cycle of each interface
SELECT interface_id, poll_id, read_at, sys_uptime,
       CASE admin WHEN 1 THEN 'up' WHEN 2 THEN 'down' WHEN 3 THEN 'testing' WHEN 4 THEN 'unknown' WHEN 5 THEN 'dormant'
         WHEN 6 THEN 'notPresent' WHEN 7 THEN 'lowerLayerDown' ELSE CAST(admin AS TEXT) END AS admin_status,
       CASE oper WHEN 1 THEN 'up' WHEN 2 THEN 'down' WHEN 3 THEN 'testing' WHEN 4 THEN 'unknown' WHEN 5 THEN 'dormant'
         WHEN 6 THEN 'notPresent' WHEN 7 THEN 'lowerLayerDown' ELSE CAST(oper AS TEXT) END AS oper_status,
       last_change, discontinuity_time, in_octets, out_octets, in_ucast_pkts, out_ucast_pkts, in_multicast_pkts,
       out_multicast_pkts, in_broadcast_pkts, out_broadcast_pkts, in_errors, out_errors, in_discards, out_discards,
       nullif(rtrim(iif(widths & 1, 'in_octets ', '') || iif(widths & 2, 'out_octets ', '')
         || iif(widths & 4, 'in_ucast_pkts ', '') || iif(widths & 8, 'out_ucast_pkts ', '')
         || iif(widths & 16, 'in_multicast_pkts ', '') || iif(widths & 32, 'out_multicast_pkts ', '')
         || iif(widths & 64, 'in_broadcast_pkts ', '') || iif(widths & 128, 'out_broadcast_pkts ', '')
         || iif(widths & 256, 'in_errors ', '') || iif(widths & 512, 'out_errors ', '')
         || iif(widths & 1024, 'in_discards ', '') || iif(widths & 2048, 'out_discards ', '')), '') AS counters_32,
       device_id
FROM (
  SELECT json_extract(reading, '$[0]') AS interface_id, started_at + json_extract(reading, '$[1]') AS read_at,
         json_extract(reading, '$[2]') AS admin, json_extract(reading, '$[3]') AS oper,
         json_extract(reading, '$[4]') AS sys_uptime, json_extract(reading, '$[5]') AS last_change,
         json_extract(reading, '$[6]') AS discontinuity_time, json_extract(reading, '$[7]') AS widths,
         json_extract(reading, '$[8]') AS in_octets, json_extract(reading, '$[9]') AS out_octets,
         json_extract(reading, '$[10]') AS in_ucast_pkts, json_extract(reading, '$[11]') AS out_ucast_pkts,
         json_extract(reading, '$[12]') AS in_multicast_pkts, json_extract(reading, '$[13]') AS out_multicast_pkts,
         json_extract(reading, '$[14]') AS in_broadcast_pkts, json_extract(reading, '$[15]') AS out_broadcast_pkts,
         json_extract(reading, '$[16]') AS in_errors, json_extract(reading, '$[17]') AS out_errors,
         json_extract(reading, '$[18]') AS in_discards, json_extract(reading, '$[19]') AS out_discards,
         poll_id, device_id
  FROM (SELECT l.device_id, l.poll_id, l.started_at, r.value AS reading
        FROM device_latest l, json_each(l.readings) r
        UNION ALL
        SELECT i.device_id, o.poll_id, o.started_at, o.reading
        FROM older_readings o JOIN interfaces i ON i.id = o.interface_id))
;
CREATE VIEW v_interfaces AS
SELECT d.name AS device, i.name AS interface, i.alias, i.descr, i.if_index, i.type, i.mtu, i.phys_address,
       CASE s.states >> 8 & 15 WHEN 1 THEN 'up' WHEN 2 THEN 'down' WHEN 3 THEN 'testing' WHEN 4 THEN 'unknown'
           WHEN 5 THEN 'dormant' WHEN 6 THEN 'notPresent' WHEN 7 THEN 'lowerLayerDown'
           WHEN 15 THEN x.admin_status END AS admin_status,
       CASE s.states >> 12 & 15 WHEN 1 THEN 'up' WHEN 2 THEN 'down' WHEN 3 THEN 'testing' WHEN 4 THEN 'unknown'
           WHEN 5 THEN 'dormant' WHEN 6 THEN 'notPresent' WHEN 7 THEN 'lowerLayerDown'
           WHEN 15 THEN x.oper_status END AS oper_status,
       i.in_speed_bps, i.out_speed_bps, i.speed_source,
       strftime('%Y-%m-%dT%H:%M:%fZ', i.first_seen / 1000.0, 'unixepoch') AS first_seen,
       strftime('%Y-%m-%dT%H:%M:%fZ', (ifnull(o.started_at, l.started_at) + s.read_after_ms) / 1000.0, 'unixepoch')
         AS last_seen
FROM interfaces i
JOIN devices d ON d.id = i.device_id
LEFT JOIN device_latest l ON l.device_id = i.device_id
LEFT JOIN older_readings o ON o.interface_id = i.id
LEFT JOIN sample_rows s ON s.id = ifnull(o.poll_id, l.poll_id) << 24 | i.id
LEFT JOIN sample_exceptions x ON x.id = iif(s.states > 65535, s.id, NULL);
CREATE VIEW v_interface_rates AS
SELECT d.name AS device, i.name AS interface, i.alias,
       strftime('%Y-%m-%dT%H:%M:%fZ', (p.started_at + s.read_after_ms) / 1000.0, 'unixepoch') AS time,
       s.elapsed_us / 1e6 AS seconds, s.oper_status,
       round(s.in_bps, 1) AS in_bps, round(s.out_bps, 1) AS out_bps,
       round(100 * s.in_utilization, 3) AS in_percent, round(100 * s.out_utilization, 3) AS out_percent,
       s.in_quality, s.out_quality, s.in_errors, s.out_errors, s.in_discards, s.out_discards, s.exceptions,
       p.poll_number, p.started_at
FROM polls p
JOIN devices d ON d.id = p.device_id
JOIN samples s ON s.poll_id = p.id
JOIN interfaces i ON i.id = s.interface_id;
CREATE VIEW v_ping AS
SELECT t.name AS target, t.address, strftime('%Y-%m-%dT%H:%M:%fZ', r.started_at / 1000.0, 'unixepoch') AS time,
       r.sent, r.received, round(100.0 * (r.sent - r.received) / nullif(r.sent, 0), 3) AS loss_percent,
       round(r.rtt_min_us / 1000, 3) AS min_ms, round(r.rtt_p5_us / 1000, 3) AS p5_ms,
       round(r.rtt_mean_us / 1000, 3) AS mean_ms, round(r.rtt_median_us / 1000, 3) AS median_ms,
       round(r.rtt_p95_us / 1000, 3) AS p95_ms, round(r.rtt_max_us / 1000, 3) AS max_ms,
       round(r.rtt_deviation_us / 1000, 3) AS deviation_ms,
       round(r.delay_variation_us / 1000, 3) AS delay_variation_ms,
       round(r.smoothed_jitter_us / 1000, 3) AS smoothed_jitter_ms,
       r.duplicates, r.late, r.errors, r.error_kind, r.error, r.slot, r.started_at
FROM ping_rounds r
JOIN ping_targets t ON t.id = r.target_id;
CREATE VIEW v_devices AS
SELECT device, address, sys_name, sys_descr, sys_object_id, sys_location, sys_contact, first_seen, last_seen,
       CASE WHEN icmp IS NULL AND snmp IS NULL THEN 'unknown'
         WHEN ifnull(icmp, snmp) THEN iif(ifnull(snmp, icmp), 'up', 'icmp_only')
         ELSE iif(ifnull(snmp, icmp), 'snmp_only', 'down') END AS state,
       icmp, snmp, polled_at
FROM (
  SELECT d.name AS device, d.address, d.sys_name, d.sys_descr, d.sys_object_id, d.sys_location, d.sys_contact,
         strftime('%Y-%m-%dT%H:%M:%fZ', d.first_seen / 1000.0, 'unixepoch') AS first_seen,
         strftime('%Y-%m-%dT%H:%M:%fZ', l.last_seen / 1000.0, 'unixepoch') AS last_seen,
         iif(r.sent > 0 AND r.started_at >= ifnull(p.started_at, 0) - 3 * r.interval_ms, r.received > 0, NULL) AS icmp,
         CASE WHEN p.outcome <> 'failed' THEN 1
           WHEN p.id IS NULL OR p.error_kind IN ('resolve', 'partial', 'permission', 'io', 'internal') THEN NULL
           ELSE 0 END AS snmp,
         strftime('%Y-%m-%dT%H:%M:%fZ', p.started_at / 1000.0, 'unixepoch') AS polled_at
  FROM devices d
  LEFT JOIN device_latest l ON l.device_id = d.id
  LEFT JOIN polls p ON p.id = (SELECT id FROM polls WHERE device_id = d.id ORDER BY poll_number DESC LIMIT 1)
  LEFT JOIN ping_targets t ON t.name = d.name AND t.is_device = 1
  LEFT JOIN ping_rounds r ON r.id = (SELECT id FROM ping_rounds WHERE target_id = t.id
                                     ORDER BY started_at DESC, round DESC LIMIT 1));
CREATE VIEW v_flaps AS                 -- time: when the poll noticed; flapped_at: the agent's sysUpTime, 1/100 s
SELECT d.name AS device, i.name AS interface, i.alias,
       strftime('%Y-%m-%dT%H:%M:%fZ', (p.started_at + s.read_after_ms) / 1000.0, 'unixepoch') AS time,
       x.flapped_at, p.sys_uptime, p.poll_number, p.started_at
FROM sample_exceptions x
JOIN sample_rows s ON s.id = x.id
JOIN polls p ON p.id = x.id >> 24
JOIN devices d ON d.id = p.device_id
JOIN interfaces i ON i.id = x.id & 16777215
WHERE x.flapped_at IS NOT NULL
;
PRAGMA user_version = 4;
