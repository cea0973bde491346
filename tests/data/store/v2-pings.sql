-- A store of schema version 2 with pings, as octopoll wrote it. Newer code must open it for ever: never change this
-- file.
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
INSERT INTO devices VALUES(1,'quiet','127.0.0.10:161',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO devices VALUES(2,'silent','127.0.0.9:161',NULL,NULL,NULL,NULL,NULL,NULL);
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
INSERT INTO polls VALUES(1,1,1,897648610,1795297222182,1.2862549999999999261,2000.0,'failed','unreachable','quiet (127.0.0.10:161): port closed, says 127.0.0.10',0,NULL,0.0,1,0,0,104,0);
INSERT INTO polls VALUES(2,2,1,897648610,1795297222182,1.3795360000000000955,2000.0,'failed','unreachable','silent (127.0.0.9:161): port closed, says 127.0.0.9',0,NULL,0.0,1,0,0,104,0);
INSERT INTO polls VALUES(3,2,2,897648611,1795297222220,0.33687099999999997601,2000.0,'failed','unreachable','silent (127.0.0.9:161): port closed, says 127.0.0.9',0,NULL,0.0,1,0,0,104,0);
INSERT INTO polls VALUES(4,1,2,897648611,1795297223878,0.37146899999999999364,2000.0,'failed','unreachable','quiet (127.0.0.10:161): port closed, says 127.0.0.10',0,NULL,0.0,1,0,0,104,0);
INSERT INTO polls VALUES(5,2,3,897648612,1795297224220,0.40762799999999999034,2000.0,'failed','unreachable','silent (127.0.0.9:161): port closed, says 127.0.0.9',0,NULL,0.0,1,0,0,104,0);
INSERT INTO polls VALUES(6,1,3,897648612,1795297225878,0.32435100000000000042,2000.0,'failed','unreachable','quiet (127.0.0.10:161): port closed, says 127.0.0.10',0,NULL,0.0,1,0,0,104,0);
CREATE TABLE ping_targets (
  id        INTEGER PRIMARY KEY,
  name      TEXT NOT NULL UNIQUE,
  is_device INTEGER NOT NULL,          -- 1: the device of that name
  address   TEXT                       -- as last probed
) STRICT;
INSERT INTO ping_targets VALUES(1,'one',0,'127.0.0.1');
INSERT INTO ping_targets VALUES(2,'lost',0,'203.0.113.9');
INSERT INTO ping_targets VALUES(3,'loop',0,'127.0.0.2');
INSERT INTO ping_targets VALUES(4,'silent',1,'127.0.0.9');
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
  error            TEXT,
  UNIQUE (target_id, started_at, round)
) STRICT;
INSERT INTO ping_rounds VALUES(1,1,1,1795297222182,1000.0,1,1,0,0,3.4100000000000001421,3.4100000000000001421,3.4100000000000001421,3.4100000000000001421,0.0,'[3.410]',NULL,NULL);
INSERT INTO ping_rounds VALUES(2,1,2,1795297222995,1000.0,1,1,0,0,20.0,20.0,20.0,20.0,0.0,'[20.000]',NULL,NULL);
INSERT INTO ping_rounds VALUES(3,2,1,1795297222182,1000.0,3,0,0,0,NULL,NULL,NULL,NULL,NULL,'[]','unreachable','203.0.113.9: port unreachable, says 21.4.0.53');
INSERT INTO ping_rounds VALUES(4,3,1,1795297222182,1000.0,10,10,0,0,13.378000000000000113,28.704999999999998294,30.146000000000000794,49.680999999999997385,11.148999999999999133,'[13.378,17.681,49.681,16.074,19.705,34.820,36.952,38.465,30.936,29.356]',NULL,NULL);
INSERT INTO ping_rounds VALUES(5,2,2,1795297222580,1000.0,3,0,0,0,NULL,NULL,NULL,NULL,NULL,'[]','unreachable','203.0.113.9: port unreachable, says 21.4.0.53');
INSERT INTO ping_rounds VALUES(6,4,1,1795297222182,2000.0,5,5,0,0,2.8420000000000000817,15.689000000000000057,8.9519999999999999573,33.341999999999998749,12.457000000000000739,'[2.842,8.952,5.432,33.342,27.878]',NULL,NULL);
INSERT INTO ping_rounds VALUES(7,4,2,1795297222220,2000.0,5,5,0,0,22.772999999999999688,25.786999999999999032,25.187000000000001164,28.236000000000000653,2.0779999999999998472,'[25.187,28.023,22.773,28.236,24.717]',NULL,NULL);
INSERT INTO ping_rounds VALUES(8,3,2,1795297223065,1000.0,10,10,0,0,23.960000000000000852,33.597000000000001307,34.240999999999999659,41.021000000000000795,4.9160000000000003694,'[28.563,29.946,31.318,37.791,23.960,36.872,33.495,41.021,34.987,38.021]',NULL,NULL);
INSERT INTO ping_rounds VALUES(9,1,3,1795297223994,1000.0,1,1,0,0,29.823000000000000398,29.823000000000000398,29.823000000000000398,29.823000000000000398,0.0,'[29.823]',NULL,NULL);
INSERT INTO ping_rounds VALUES(10,2,3,1795297223580,1000.0,3,0,0,0,NULL,NULL,NULL,NULL,NULL,'[]','unreachable','203.0.113.9: port unreachable, says 21.4.0.53');
INSERT INTO ping_rounds VALUES(11,3,3,1795297224065,1000.0,10,10,0,0,20.050999999999998379,41.688000000000002389,41.24000000000000199,72.385000000000005115,12.551000000000000156,'[41.381,20.051,34.571,45.432,46.738,43.689,35.551,41.100,35.981,72.385]',NULL,NULL);
INSERT INTO ping_rounds VALUES(12,1,4,1795297224994,1000.0,1,1,0,0,24.615999999999999658,24.615999999999999658,24.615999999999999658,24.615999999999999658,0.0,'[24.616]',NULL,NULL);
INSERT INTO ping_rounds VALUES(13,2,4,1795297224580,1000.0,3,0,0,0,NULL,NULL,NULL,NULL,NULL,'[]','unreachable','203.0.113.9: port unreachable, says 21.4.0.53');
INSERT INTO ping_rounds VALUES(14,4,3,1795297224220,2000.0,5,5,0,0,14.83399999999999963,32.795000000000001706,38.817000000000000171,42.188000000000002386,10.194000000000000838,'[42.188,14.834,28.184,38.817,39.950]',NULL,NULL);
INSERT INTO ping_rounds VALUES(15,3,4,1795297225065,1000.0,10,10,0,0,27.333999999999999629,47.104999999999996873,38.055999999999997386,136.1980000000000075,30.135000000000001564,'[36.425,43.119,27.334,136.198,39.328,40.661,30.173,36.784,45.041,35.989]',NULL,NULL);
INSERT INTO ping_rounds VALUES(16,1,5,1795297225994,1000.0,1,1,0,0,31.676999999999999602,31.676999999999999602,31.676999999999999602,31.676999999999999602,0.0,'[31.677]',NULL,NULL);
INSERT INTO ping_rounds VALUES(17,2,5,1795297225580,1000.0,2,0,0,0,NULL,NULL,NULL,NULL,NULL,'[]',NULL,NULL);
INSERT INTO ping_rounds VALUES(18,3,5,1795297226065,1000.0,2,2,0,0,39.505000000000002557,39.756000000000000227,39.755000000000002557,40.006000000000000228,0.25100000000000000088,'[39.505,40.006]',NULL,NULL);
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
) STRICT;
CREATE TABLE device_latest (           -- raw readings of each device's newest cycle that read its interfaces
  device_id  INTEGER PRIMARY KEY REFERENCES devices(id),
  poll_id    INTEGER REFERENCES polls(id),
  started_at INTEGER,                  -- of that poll, unix ms
  last_seen  INTEGER,                  -- start of the newest cycle that got any answer, unix ms
  readings   TEXT NOT NULL             -- JSON, an array an interface; the view interface_latest names its places
) STRICT;
CREATE TABLE older_readings (          -- of interfaces that their device's newest cycle lacks
  interface_id INTEGER PRIMARY KEY REFERENCES interfaces(id),
  poll_id      INTEGER NOT NULL REFERENCES polls(id),
  started_at   INTEGER NOT NULL,
  reading      TEXT NOT NULL
) STRICT;
CREATE INDEX polls_by_time ON polls (device_id, started_at);
CREATE VIEW v_polls AS
SELECT d.name AS device, strftime('%Y-%m-%dT%H:%M:%fZ', p.started_at / 1000.0, 'unixepoch') AS time,
       p.poll_number, p.outcome, p.error_kind, p.error, p.rebooted, p.duration_ms, p.interval_ms, p.cache_period_ms,
       p.sys_uptime / 8640000.0 AS uptime_days,
       p.requests, p.responses, p.retries, p.octets_sent, p.octets_received, p.started_at
FROM polls p
JOIN devices d ON d.id = p.device_id;
CREATE VIEW v_ping AS
SELECT t.name AS target, t.address, strftime('%Y-%m-%dT%H:%M:%fZ', r.started_at / 1000.0, 'unixepoch') AS time,
       r.sent, r.received, round(100.0 * (r.sent - r.received) / nullif(r.sent, 0), 3) AS loss_percent,
       round(r.rtt_min_us / 1000, 3) AS min_ms, round(r.rtt_mean_us / 1000, 3) AS mean_ms,
       round(r.rtt_median_us / 1000, 3) AS median_ms, round(r.rtt_max_us / 1000, 3) AS max_ms,
       round(r.rtt_deviation_us / 1000, 3) AS deviation_ms, r.duplicates, r.late, r.error_kind, r.error, r.started_at
FROM ping_rounds r
JOIN ping_targets t ON t.id = r.target_id;
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
CREATE VIEW v_devices AS
SELECT d.name AS device, d.address, d.sys_name, d.sys_descr, d.sys_object_id, d.sys_location, d.sys_contact,
       strftime('%Y-%m-%dT%H:%M:%fZ', d.first_seen / 1000.0, 'unixepoch') AS first_seen,
       strftime('%Y-%m-%dT%H:%M:%fZ', l.last_seen / 1000.0, 'unixepoch') AS last_seen
FROM devices d
LEFT JOIN device_latest l ON l.device_id = d.id;
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
PRAGMA user_version = 2;
