-- A store of schema version 1, as octopoll wrote it. Newer code must open it for ever: never change this file.
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
  first_seen    INTEGER,               -- unix ms of the first and the last cycle that got an answer
  last_seen     INTEGER
) STRICT;

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
CREATE INDEX polls_by_time ON polls (device_id, started_at);

CREATE TABLE samples (
  poll_id            INTEGER NOT NULL REFERENCES polls(id),
  interface_id       INTEGER NOT NULL REFERENCES interfaces(id),
  read_after_ms      INTEGER NOT NULL, -- polls.started_at + this: when the row was read
  elapsed_us         INTEGER NOT NULL, -- that the deltas cover; 0 where there is no earlier reading
  time_error         REAL NOT NULL,    -- relative uncertainty of elapsed_us, 0.05 is 5 %
  admin_status       TEXT,
  oper_status        TEXT,
  in_octets          INTEGER,          -- deltas; NULL: no honest delta, the quality says why
  out_octets         INTEGER,
  in_quality         TEXT NOT NULL,
  out_quality        TEXT NOT NULL,
  in_bps             REAL,             -- bit/s; only of ok and wrapped
  out_bps            REAL,
  in_utilization     REAL,             -- share of the link, 0.25 is 25 %
  out_utilization    REAL,
  in_ucast_pkts      INTEGER,          -- deltas of the others; NULL and not in exceptions: absent
  out_ucast_pkts     INTEGER,
  in_multicast_pkts  INTEGER,
  out_multicast_pkts INTEGER,
  in_broadcast_pkts  INTEGER,
  out_broadcast_pkts INTEGER,
  in_errors          INTEGER,
  out_errors         INTEGER,
  in_discards        INTEGER,
  out_discards       INTEGER,
  exceptions         TEXT,             -- "in_errors=reset": qualities of the others, where neither ok nor absent
  PRIMARY KEY (poll_id, interface_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE interface_latest (        -- raw readings of the newest cycle of each interface
  interface_id       INTEGER PRIMARY KEY REFERENCES interfaces(id),
  poll_id            INTEGER NOT NULL REFERENCES polls(id),
  read_at            INTEGER NOT NULL, -- unix ms
  sys_uptime         INTEGER,          -- 1/100 s, from the PDU of the counters
  admin_status       TEXT,
  oper_status        TEXT,
  last_change        INTEGER,          -- sysUpTime, 1/100 s
  discontinuity_time INTEGER,          -- sysUpTime, 1/100 s
  in_octets          INTEGER,          -- unsigned 64 bits, bit-cast: negative here is 2^63 or more
  out_octets         INTEGER,
  in_ucast_pkts      INTEGER,
  out_ucast_pkts     INTEGER,
  in_multicast_pkts  INTEGER,
  out_multicast_pkts INTEGER,
  in_broadcast_pkts  INTEGER,
  out_broadcast_pkts INTEGER,
  in_errors          INTEGER,
  out_errors         INTEGER,
  in_discards        INTEGER,
  out_discards       INTEGER,
  counters_32        TEXT              -- names of those that came with 32 bits
) STRICT;

CREATE TABLE ping_targets (
  id        INTEGER PRIMARY KEY,
  name      TEXT NOT NULL UNIQUE,
  is_device INTEGER NOT NULL,          -- 1: the device of that name
  address   TEXT                       -- as last probed
) STRICT;

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

CREATE VIEW v_interfaces AS
SELECT d.name AS device, i.name AS interface, i.alias, i.descr, i.if_index, i.type, i.mtu, i.phys_address,
       l.admin_status, l.oper_status, i.in_speed_bps, i.out_speed_bps, i.speed_source,
       strftime('%Y-%m-%dT%H:%M:%fZ', i.first_seen / 1000.0, 'unixepoch') AS first_seen,
       strftime('%Y-%m-%dT%H:%M:%fZ', l.read_at / 1000.0, 'unixepoch') AS last_seen
FROM interfaces i
JOIN devices d ON d.id = i.device_id
LEFT JOIN interface_latest l ON l.interface_id = i.id;

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

INSERT INTO devices VALUES (1, 'sw1', '192.0.2.1:161', 'sw1', 'Example OS "7"', '1.3.6.1.4.1.8072.3.2.10', NULL, '', 1769860800000, 1769860860000);
INSERT INTO interfaces VALUES (1, 1, 'eth0', 1, 'eth0', 'Ethernet 0', 'uplink', 6, 1500, '00:00:5e:00:53:01', 1000000000, 'if_speed', 1000000000, 1000000000, 1769860800000);
INSERT INTO interfaces VALUES (2, 1, 'lo', 2, 'lo', NULL, NULL, 24, 65536, '', NULL, 'none', NULL, NULL, 1769860860000);
INSERT INTO polls VALUES (1, 1, 40, 29497680, 1769860800000, 12.5, 60000.0, 'complete', NULL, NULL, 0, 123456, 0.0, 3, 3, 0, 300, 900);
INSERT INTO polls VALUES (2, 1, 41, 29497681, 1769860860000, 11.0, 60000.0, 'partial', 'partial', 'sw1: 1 row is missing', 0, 129456, 0.0, 3, 3, 0, 300, 900);
INSERT INTO samples (poll_id, interface_id, read_after_ms, elapsed_us, time_error, admin_status, oper_status, in_quality, out_quality, exceptions)
  VALUES (1, 1, 5, 0, 0.0, 'up', 'up', 'first', 'first', 'in_errors=first out_errors=first');
INSERT INTO samples (poll_id, interface_id, read_after_ms, elapsed_us, time_error, admin_status, oper_status, in_octets, out_octets, in_quality, out_quality, in_bps, out_bps, in_utilization, out_utilization, in_errors, out_errors)
  VALUES (2, 1, 5, 60000000, 0.0, 'up', 'up', 7500000, 750000, 'ok', 'wrapped', 1000000.0, 100000.0, 0.001, 0.0001, 0, 0);
INSERT INTO interface_latest (interface_id, poll_id, read_at, sys_uptime, admin_status, oper_status, in_octets, out_octets, counters_32)
  VALUES (1, 2, 1769860860005, 129456, 'up', 'up', -1, 4294967295, 'out_octets');
INSERT INTO ping_targets VALUES (1, 'sw1', 1, '192.0.2.1');
INSERT INTO ping_rounds VALUES (1, 1, 1, 1769860800000, 60000.0, 2, 1, 0, 1, 812.345, 812.345, 812.345, 812.345, 0.0, '[812.345]', NULL, NULL);
PRAGMA user_version = 1;
