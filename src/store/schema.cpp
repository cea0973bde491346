#include "schema.hpp"

#include <array>
#include <string>

namespace octopoll::store {
namespace {

// The comments inside are for whoever types .schema: SQLite keeps them in the file.
//
// samples is clustered by poll first: a cycle's rows then go to the end of the table. Clustered by interface first,
// each row of a cycle lands on another page, and a large store takes many times longer to write to.
constexpr const char* version_1 = R"sql(
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
FROM devices d                         -- by device, or a question about a time would look at all polls
CROSS JOIN polls p ON p.device_id = d.id;

CREATE VIEW v_ping AS
SELECT t.name AS target, t.address, strftime('%Y-%m-%dT%H:%M:%fZ', r.started_at / 1000.0, 'unixepoch') AS time,
       r.sent, r.received, round(100.0 * (r.sent - r.received) / nullif(r.sent, 0), 3) AS loss_percent,
       round(r.rtt_min_us / 1000, 3) AS min_ms, round(r.rtt_mean_us / 1000, 3) AS mean_ms,
       round(r.rtt_median_us / 1000, 3) AS median_ms, round(r.rtt_max_us / 1000, 3) AS max_ms,
       round(r.rtt_deviation_us / 1000, 3) AS deviation_ms, r.duplicates, r.late, r.error_kind, r.error, r.started_at
FROM ping_rounds r
JOIN ping_targets t ON t.id = r.target_id;
)sql";

// Version 2 keeps of a row only what cannot be reckoned, in numbers, and of a device's raw readings one text: a row
// then costs a third of what it did. Views of the old names show it as before.
//
// The key of sample_rows is both of its old ones in one number: the rows of a cycle are written to the end of the table
// and found as a range of it, and a plain key is written much more cheaply than a WITHOUT ROWID table's. The view
// samples takes poll_id from polls, so that a condition on it becomes that range.
constexpr const char* version_2 = R"sql(
DROP VIEW v_interfaces;
DROP VIEW v_interface_rates;

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

CREATE TEMP VIEW old_samples AS
SELECT *, poll_id << 24 | interface_id AS id,
       CASE WHEN in_ucast_pkts IS NOT NULL OR out_ucast_pkts IS NOT NULL THEN
         CASE WHEN ifnull(in_ucast_pkts, 0) BETWEEN 0 AND 1073741822
           AND ifnull(out_ucast_pkts, 0) BETWEEN 0 AND 1073741822
         THEN ifnull(in_ucast_pkts, 1073741823) | (ifnull(out_ucast_pkts, 1073741823) << 30)
         END END AS ucast_pkts,
       CASE WHEN in_multicast_pkts IS NOT NULL OR out_multicast_pkts IS NOT NULL THEN
         CASE WHEN ifnull(in_multicast_pkts, 0) BETWEEN 0 AND 1073741822
           AND ifnull(out_multicast_pkts, 0) BETWEEN 0 AND 1073741822
         THEN ifnull(in_multicast_pkts, 1073741823) | (ifnull(out_multicast_pkts, 1073741823) << 30)
         END END AS multicast_pkts,
       CASE WHEN in_broadcast_pkts IS NOT NULL OR out_broadcast_pkts IS NOT NULL THEN
         CASE WHEN ifnull(in_broadcast_pkts, 0) BETWEEN 0 AND 1073741822
           AND ifnull(out_broadcast_pkts, 0) BETWEEN 0 AND 1073741822
         THEN ifnull(in_broadcast_pkts, 1073741823) | (ifnull(out_broadcast_pkts, 1073741823) << 30)
         END END AS broadcast_pkts,
       CASE WHEN coalesce(in_errors, out_errors, in_discards, out_discards) IS NOT NULL THEN
         CASE WHEN ifnull(in_errors, 0) BETWEEN 0 AND 32766
           AND ifnull(out_errors, 0) BETWEEN 0 AND 32766
           AND ifnull(in_discards, 0) BETWEEN 0 AND 32766
           AND ifnull(out_discards, 0) BETWEEN 0 AND 32766
         THEN ifnull(in_errors, 32767) | (ifnull(out_errors, 32767) << 15)
           | (ifnull(in_discards, 32767) << 30) | (ifnull(out_discards, 32767) << 45) END END AS faults,
       iif(in_speed = out_speed AND in_speed % 1000000 = 0, in_speed / 1000000, NULL) AS speed_mbps,
       iif(in_speed = out_speed AND in_speed % 1000000 = 0, NULL, in_speed) AS in_speed_bps,
       iif(in_speed = out_speed AND in_speed % 1000000 = 0, NULL, out_speed) AS out_speed_bps,
       iif(abs(in_span - elapsed_us) > 1, CAST(round(in_span) AS INTEGER), NULL) AS in_elapsed_us,
       iif(abs(out_span - elapsed_us) > 1, CAST(round(out_span) AS INTEGER), NULL) AS out_elapsed_us,
       iif(admin = 15, admin_status, NULL) AS admin_number, iif(oper = 15, oper_status, NULL) AS oper_number
FROM (
  SELECT s.*,
         CASE in_quality WHEN 'ok' THEN 0 WHEN 'wrapped' THEN 1 WHEN 'first' THEN 2 WHEN 'reboot' THEN 3
           WHEN 'discontinuity' THEN 4 WHEN 'reset' THEN 5 WHEN 'implausible' THEN 6 WHEN 'ambiguous' THEN 7
           WHEN 'stale' THEN 8 WHEN 'absent' THEN 9 ELSE 10 END AS in_code,
         CASE out_quality WHEN 'ok' THEN 0 WHEN 'wrapped' THEN 1 WHEN 'first' THEN 2 WHEN 'reboot' THEN 3
           WHEN 'discontinuity' THEN 4 WHEN 'reset' THEN 5 WHEN 'implausible' THEN 6 WHEN 'ambiguous' THEN 7
           WHEN 'stale' THEN 8 WHEN 'absent' THEN 9 ELSE 10 END AS out_code,
         CASE admin_status WHEN 'up' THEN 1 WHEN 'down' THEN 2 WHEN 'testing' THEN 3 WHEN 'unknown' THEN 4
           WHEN 'dormant' THEN 5 WHEN 'notPresent' THEN 6 WHEN 'lowerLayerDown' THEN 7
           ELSE iif(admin_status IS NULL, 0, 15) END AS admin,
         CASE oper_status WHEN 'up' THEN 1 WHEN 'down' THEN 2 WHEN 'testing' THEN 3 WHEN 'unknown' THEN 4
           WHEN 'dormant' THEN 5 WHEN 'notPresent' THEN 6 WHEN 'lowerLayerDown' THEN 7
           ELSE iif(oper_status IS NULL, 0, 15) END AS oper,
         CASE WHEN in_utilization > 0 THEN CAST(round(in_bps / in_utilization) AS INTEGER)
           WHEN in_utilization = 0 THEN i.in_speed_bps END AS in_speed,
         CASE WHEN out_utilization > 0 THEN CAST(round(out_bps / out_utilization) AS INTEGER)
           WHEN out_utilization = 0 THEN i.out_speed_bps END AS out_speed,
         CASE WHEN in_bps > 0 THEN in_octets * 8e6 / in_bps END AS in_span,
         CASE WHEN out_bps > 0 THEN out_octets * 8e6 / out_bps END AS out_span
  FROM samples s JOIN interfaces i ON i.id = s.interface_id);
INSERT INTO sample_exceptions
SELECT * FROM (
  SELECT id, in_speed_bps, out_speed_bps, in_elapsed_us, out_elapsed_us, admin_number, oper_number, exceptions,
         iif(ucast_pkts IS NULL, in_ucast_pkts, NULL) AS more_in_ucast_pkts,
         iif(ucast_pkts IS NULL, out_ucast_pkts, NULL) AS more_out_ucast_pkts,
         iif(multicast_pkts IS NULL, in_multicast_pkts, NULL) AS more_in_multicast_pkts,
         iif(multicast_pkts IS NULL, out_multicast_pkts, NULL) AS more_out_multicast_pkts,
         iif(broadcast_pkts IS NULL, in_broadcast_pkts, NULL) AS more_in_broadcast_pkts,
         iif(broadcast_pkts IS NULL, out_broadcast_pkts, NULL) AS more_out_broadcast_pkts,
         iif(faults IS NULL, in_errors, NULL) AS more_in_errors,
         iif(faults IS NULL, out_errors, NULL) AS more_out_errors,
         iif(faults IS NULL, in_discards, NULL) AS more_in_discards,
         iif(faults IS NULL, out_discards, NULL) AS more_out_discards
  FROM old_samples)
WHERE coalesce(in_speed_bps, out_speed_bps, in_elapsed_us, out_elapsed_us, admin_number, oper_number, exceptions,
               more_in_ucast_pkts, more_out_ucast_pkts, more_in_multicast_pkts, more_out_multicast_pkts,
               more_in_broadcast_pkts, more_out_broadcast_pkts, more_in_errors, more_out_errors,
               more_in_discards, more_out_discards) IS NOT NULL
ORDER BY id;
INSERT INTO sample_rows
SELECT id, read_after_ms, elapsed_us, CAST(round(time_error * 1e9) AS INTEGER),
       in_code + 16 * out_code + 256 * admin + 4096 * oper
         + 65536 * EXISTS (SELECT 1 FROM sample_exceptions x WHERE x.id = old_samples.id),
       speed_mbps, in_octets, out_octets, ucast_pkts, multicast_pkts, broadcast_pkts, faults
FROM old_samples
ORDER BY id;
DROP VIEW old_samples;
DROP TABLE samples;

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

CREATE TEMP TABLE migrated_reading AS
SELECT i.device_id, l.interface_id, l.poll_id, p.started_at, p.poll_number, json_array(
         l.interface_id, l.read_at - p.started_at,
         CASE l.admin_status WHEN 'up' THEN 1 WHEN 'down' THEN 2 WHEN 'testing' THEN 3 WHEN 'unknown' THEN 4
           WHEN 'dormant' THEN 5 WHEN 'notPresent' THEN 6 WHEN 'lowerLayerDown' THEN 7
           ELSE CAST(l.admin_status AS INTEGER) END,
         CASE l.oper_status WHEN 'up' THEN 1 WHEN 'down' THEN 2 WHEN 'testing' THEN 3 WHEN 'unknown' THEN 4
           WHEN 'dormant' THEN 5 WHEN 'notPresent' THEN 6 WHEN 'lowerLayerDown' THEN 7
           ELSE CAST(l.oper_status AS INTEGER) END,
         l.sys_uptime, l.last_change, l.discontinuity_time,
         (w LIKE '% in_octets %') + 2 * (w LIKE '% out_octets %')
           + 4 * (w LIKE '% in_ucast_pkts %') + 8 * (w LIKE '% out_ucast_pkts %')
           + 16 * (w LIKE '% in_multicast_pkts %') + 32 * (w LIKE '% out_multicast_pkts %')
           + 64 * (w LIKE '% in_broadcast_pkts %') + 128 * (w LIKE '% out_broadcast_pkts %')
           + 256 * (w LIKE '% in_errors %') + 512 * (w LIKE '% out_errors %')
           + 1024 * (w LIKE '% in_discards %') + 2048 * (w LIKE '% out_discards %'),
         l.in_octets, l.out_octets, l.in_ucast_pkts, l.out_ucast_pkts, l.in_multicast_pkts, l.out_multicast_pkts,
         l.in_broadcast_pkts, l.out_broadcast_pkts, l.in_errors, l.out_errors, l.in_discards, l.out_discards) AS reading
FROM (SELECT *, ' ' || ifnull(counters_32, '') || ' ' AS w FROM interface_latest) l
JOIN interfaces i ON i.id = l.interface_id
JOIN polls p ON p.id = l.poll_id;
INSERT INTO device_latest
SELECT d.id, n.poll_id, n.started_at, d.last_seen, ifnull(n.readings, '[]')
FROM devices d
LEFT JOIN (SELECT device_id, poll_id, started_at, json_group_array(json(reading)) AS readings
           FROM (SELECT *, max(poll_number) OVER (PARTITION BY device_id) AS newest FROM migrated_reading)
           WHERE poll_number = newest GROUP BY device_id) n ON n.device_id = d.id
WHERE d.last_seen IS NOT NULL;
INSERT INTO older_readings
SELECT interface_id, poll_id, started_at, reading FROM migrated_reading r
WHERE poll_id <> (SELECT poll_id FROM device_latest l WHERE l.device_id = r.device_id);
DROP TABLE migrated_reading;
DROP TABLE interface_latest;
ALTER TABLE devices DROP COLUMN last_seen;

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
  LEFT JOIN sample_exceptions x ON x.id = iif(r.states > 65535, r.id, NULL));

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
        FROM older_readings o JOIN interfaces i ON i.id = o.interface_id));

CREATE VIEW v_devices AS
SELECT d.name AS device, d.address, d.sys_name, d.sys_descr, d.sys_object_id, d.sys_location, d.sys_contact,
       strftime('%Y-%m-%dT%H:%M:%fZ', d.first_seen / 1000.0, 'unixepoch') AS first_seen,
       strftime('%Y-%m-%dT%H:%M:%fZ', l.last_seen / 1000.0, 'unixepoch') AS last_seen
FROM devices d
LEFT JOIN device_latest l ON l.device_id = d.id;

-- An interface's states are those of its sample: found at once, where a reading would have to be looked for.
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
)sql";

// Version 3 says of a round of pings what version 2 left to be reckoned from its round trips, of a device's round which
// of its polls it goes with, and of a device whether it can be reached. Rounds of version 2 keep NULL in what is new:
// reckoning it for each of them would stop the polling for a minute or more for half a million rounds, and reports
// reckon from the round trips themselves. The comments stand inside the columns, since ALTER TABLE keeps nothing behind
// them.
constexpr const char* version_3 = R"sql(
ALTER TABLE ping_rounds ADD COLUMN slot /* turn of the schedule, as polls.slot of the same device; NULL in this and
                                           those below: also where it is older than version 3 */ INTEGER;
ALTER TABLE ping_rounds ADD COLUMN errors /* ICMP errors about its requests; in version 2 not counted */
                                   INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ping_rounds ADD COLUMN rtt_p5_us /* 5th and 95th percentile by nearest rank */ REAL;
ALTER TABLE ping_rounds ADD COLUMN rtt_p95_us REAL;
ALTER TABLE ping_rounds ADD COLUMN delay_variation_us /* RFC 3393: mean |difference| of a received one and the next */
                                   REAL;
ALTER TABLE ping_rounds ADD COLUMN smoothed_jitter_us /* RFC 3550 section 6.4.1, from 0 in each round */ REAL;

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

DROP VIEW v_ping;
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

-- A device that is pinged no more is judged by SNMP alone: the last round of long ago says nothing of now. Likewise
-- what failed before anything was asked: neither up nor down.
DROP VIEW v_devices;
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
)sql";

// Version 4 knows of links that went and came between two polls, and of interfaces that run on top of others. The new
// column is ifLastChange (sysUpTime, 1/100 s) where it moved although ifOperStatus did not.
constexpr const char* version_4 = R"sql(
ALTER TABLE sample_exceptions ADD COLUMN flapped_at INTEGER;
CREATE TABLE interface_stack (         -- ifStackTable as last read: a LAG on a port, a VLAN on a LAG
  higher_id INTEGER NOT NULL REFERENCES interfaces(id),
  lower_id  INTEGER NOT NULL REFERENCES interfaces(id),
  PRIMARY KEY (higher_id, lower_id)
) STRICT, WITHOUT ROWID;

CREATE VIEW v_flaps AS                 -- time: when the poll noticed; flapped_at: the agent's sysUpTime, 1/100 s
SELECT d.name AS device, i.name AS interface, i.alias,
       strftime('%Y-%m-%dT%H:%M:%fZ', (p.started_at + s.read_after_ms) / 1000.0, 'unixepoch') AS time,
       x.flapped_at, p.sys_uptime, p.poll_number, p.started_at
FROM sample_exceptions x
JOIN sample_rows s ON s.id = x.id
JOIN polls p ON p.id = x.id >> 24
JOIN devices d ON d.id = p.device_id
JOIN interfaces i ON i.id = x.id & 16777215
WHERE x.flapped_at IS NOT NULL;
)sql";

// Version 5 counts the packets of unknown protocols, of which nearly all rows have none: a delta of 0 takes 32768 off
// `states`, which makes it negative, leaves the bits of both qualities and of admin_status as they are, and takes no
// octet (SQLite keeps such a number in two of them as before). What is not 0 stands in sample_exceptions, as does
// whatever a row says that has something there. So rows of older versions have none, which is true.
constexpr const char* version_5 = R"sql(
ALTER TABLE sample_exceptions ADD COLUMN in_unknown_protos INTEGER;
DROP VIEW v_interface_rates;
DROP VIEW v_interfaces;
DROP VIEW interface_latest;
DROP VIEW samples;

CREATE VIEW samples AS                 -- one interface in one cycle, in words and rates
SELECT poll_id, interface_id, read_after_ms, elapsed_us, time_error, admin_status, oper_status, in_octets, out_octets,
       in_quality, out_quality, in_bps, out_bps, in_bps / in_speed_bps AS in_utilization,
       out_bps / out_speed_bps AS out_utilization, in_ucast_pkts, out_ucast_pkts, in_multicast_pkts,
       out_multicast_pkts, in_broadcast_pkts, out_broadcast_pkts, in_errors, out_errors, in_discards, out_discards,
       exceptions, in_speed_bps, out_speed_bps, in_unknown_protos
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
         iif(states < 0, 0, x.in_unknown_protos) AS in_unknown_protos,
         CASE states >> 8 & 15 WHEN 1 THEN 'up' WHEN 2 THEN 'down' WHEN 3 THEN 'testing' WHEN 4 THEN 'unknown'
           WHEN 5 THEN 'dormant' WHEN 6 THEN 'notPresent' WHEN 7 THEN 'lowerLayerDown'
           WHEN 15 THEN x.admin_status END AS admin_status,
         CASE states >> 12 & iif(states < 0, 7, 15) WHEN 1 THEN 'up' WHEN 2 THEN 'down'
           WHEN 3 THEN 'testing' WHEN 4 THEN 'unknown'
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
  LEFT JOIN sample_exceptions x ON x.id = iif(r.states > 65535, r.id, NULL));

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
         || iif(widths & 1024, 'in_discards ', '') || iif(widths & 2048, 'out_discards ', '')
         || iif(widths & 4096, 'in_unknown_protos ', '')), '') AS counters_32,
       device_id, in_unknown_protos
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
         json_extract(reading, '$[20]') AS in_unknown_protos, poll_id, device_id
  FROM (SELECT l.device_id, l.poll_id, l.started_at, r.value AS reading
        FROM device_latest l, json_each(l.readings) r
        UNION ALL
        SELECT i.device_id, o.poll_id, o.started_at, o.reading
        FROM older_readings o JOIN interfaces i ON i.id = o.interface_id));

-- An interface's states are those of its sample: found at once, where a reading would have to be looked for.
CREATE VIEW v_interfaces AS
SELECT d.name AS device, i.name AS interface, i.alias, i.descr, i.if_index, i.type, i.mtu, i.phys_address,
       CASE s.states >> 8 & 15 WHEN 1 THEN 'up' WHEN 2 THEN 'down' WHEN 3 THEN 'testing' WHEN 4 THEN 'unknown'
           WHEN 5 THEN 'dormant' WHEN 6 THEN 'notPresent' WHEN 7 THEN 'lowerLayerDown'
           WHEN 15 THEN x.admin_status END AS admin_status,
       CASE s.states >> 12 & iif(s.states < 0, 7, 15) WHEN 1 THEN 'up' WHEN 2 THEN 'down'
           WHEN 3 THEN 'testing' WHEN 4 THEN 'unknown'
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
       s.in_quality, s.out_quality, s.in_errors, s.out_errors, s.in_discards, s.out_discards, s.in_unknown_protos,
       s.exceptions, p.poll_number, p.started_at,
       s.time_error                    -- relative uncertainty of seconds, and so of the rates: 0.05 is 5 %
FROM polls p
JOIN devices d ON d.id = p.device_id
JOIN samples s ON s.poll_id = p.id
JOIN interfaces i ON i.id = s.interface_id;
)sql";

// Version 6 keeps sums of traffic. A key is as that of sample_rows, the number of the bin in place of the poll: what is
// written together stands together, at the end of the table. traffic_times has the bins there are, so that a condition
// on a time becomes a range of that key. Samples that are here already are summed up while octopoll runs.
constexpr const char* version_6 = R"sql(
CREATE TABLE traffic_5m (                  -- an interface in 5 minutes of UTC
  id                  INTEGER PRIMARY KEY, -- begin / length << 24 | interface_id
  in_octets           INTEGER,             -- exact; NULL where no rate is known of the whole time
  out_octets          INTEGER,
  in_missing_us       INTEGER NOT NULL,    -- of the time without a rate; below 0 where base lines overlapped
  out_missing_us      INTEGER NOT NULL,
  in_bps_max          INTEGER,             -- bit/s of single samples
  out_bps_max         INTEGER,
  in_bps_min          INTEGER,
  out_bps_min         INTEGER,
  in_packets          INTEGER,             -- unicast, multicast and broadcast; NULL in these: not known
  out_packets         INTEGER,
  in_errors           INTEGER,
  out_errors          INTEGER,
  in_discards         INTEGER,
  out_discards        INTEGER,
  speed_mbps          INTEGER,             -- Mbit/s of both directions all the time
  in_utilization      REAL,                -- where speed_mbps cannot say it: share of the link,
  in_utilization_max  REAL,                -- of a single sample,
  in_utilization_us   INTEGER,             -- and the time of which it is known
  out_utilization     REAL,
  out_utilization_max REAL,
  out_utilization_us  INTEGER
) STRICT;

CREATE TABLE traffic_1h (                  -- in an hour, of its rows of 5 minutes
  id INTEGER PRIMARY KEY, in_octets INTEGER, out_octets INTEGER, in_missing_us INTEGER NOT NULL,
  out_missing_us INTEGER NOT NULL, in_bps_max INTEGER, out_bps_max INTEGER, in_bps_min INTEGER, out_bps_min
  INTEGER, in_packets INTEGER, out_packets INTEGER, in_errors INTEGER, out_errors INTEGER, in_discards
  INTEGER, out_discards INTEGER, speed_mbps INTEGER, in_utilization REAL, in_utilization_max REAL,
  in_utilization_us INTEGER, out_utilization REAL, out_utilization_max REAL, out_utilization_us INTEGER
) STRICT;

CREATE TABLE traffic_1d (                  -- in a day, of its hours
  id INTEGER PRIMARY KEY, in_octets INTEGER, out_octets INTEGER, in_missing_us INTEGER NOT NULL,
  out_missing_us INTEGER NOT NULL, in_bps_max INTEGER, out_bps_max INTEGER, in_bps_min INTEGER, out_bps_min
  INTEGER, in_packets INTEGER, out_packets INTEGER, in_errors INTEGER, out_errors INTEGER, in_discards
  INTEGER, out_discards INTEGER, speed_mbps INTEGER, in_utilization REAL, in_utilization_max REAL,
  in_utilization_us INTEGER, out_utilization REAL, out_utilization_max REAL, out_utilization_us INTEGER
) STRICT;

CREATE TABLE traffic_times (               -- which of these there are
  step_s    INTEGER NOT NULL,              -- 300, 3600, 86400
  begins_at INTEGER NOT NULL,              -- unix ms
  PRIMARY KEY (step_s, begins_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE rollup_state (                -- rows of a device are the sums of all its samples, but for what cycles from
  device_id INTEGER PRIMARY KEY REFERENCES devices(id), -- this poll_number on have in this bin (of 5 minutes, since 1970)
  open_bin  INTEGER NOT NULL,
  from_poll INTEGER NOT NULL
) STRICT;

CREATE TABLE rollups_due (                 -- hours and days that are to be summed up, or anew
  due_at    INTEGER NOT NULL,              -- unix s, as the others
  device_id INTEGER NOT NULL REFERENCES devices(id),
  step_s    INTEGER NOT NULL,
  begins_at INTEGER NOT NULL,
  PRIMARY KEY (due_at, device_id, step_s, begins_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE rollup_backlog (              -- polls from before version 6 whose samples are not in any sum yet
  next_poll_id INTEGER NOT NULL,
  last_poll_id INTEGER NOT NULL
) STRICT;
INSERT INTO rollup_backlog
SELECT first, last FROM (SELECT min(id) AS first, max(id) AS last FROM polls) WHERE first IS NOT NULL;

CREATE TABLE kept_from (                   -- what retention has taken
  what      TEXT PRIMARY KEY,              -- samples
  begins_at INTEGER NOT NULL,              -- unix ms: those of polls that began before are gone, some or all
  poll_id   INTEGER NOT NULL               -- the last one of these
) STRICT;

ALTER TABLE devices ADD COLUMN first_polled /* unix ms of its first cycle, kept when that is gone */ INTEGER;
UPDATE devices SET first_polled = (SELECT min(started_at) FROM polls WHERE device_id = devices.id);

-- Averages are over the time that is known.
CREATE VIEW v_utilization_5m AS       -- one row an interface and 5 minutes
SELECT d.name AS device, i.name AS interface, i.alias,
       strftime('%Y-%m-%dT%H:%M:%SZ', b.begins_at / 1000, 'unixepoch') AS time,
       round(t.in_octets * 8e6 / (300000000 - t.in_missing_us), 1) AS in_bps,
       round(t.out_octets * 8e6 / (300000000 - t.out_missing_us), 1) AS out_bps,
       t.in_bps_max, t.out_bps_max, t.in_bps_min, t.out_bps_min,
       round(100 * ifnull(t.in_utilization, t.in_octets * 8.0 / (300000000 - t.in_missing_us) / t.speed_mbps), 3)
         AS in_percent,
       round(100 * ifnull(t.out_utilization, t.out_octets * 8.0 / (300000000 - t.out_missing_us) / t.speed_mbps), 3)
         AS out_percent,
       round(100 * ifnull(t.in_utilization_max, t.in_bps_max / 1e6 / t.speed_mbps), 3) AS in_percent_max,
       round(100 * ifnull(t.out_utilization_max, t.out_bps_max / 1e6 / t.speed_mbps), 3) AS out_percent_max,
       t.in_octets, t.out_octets,
       round(100 - 100.0 * max(t.in_missing_us, 0) / 300000000, 3) AS in_valid_percent,
       round(100 - 100.0 * max(t.out_missing_us, 0) / 300000000, 3) AS out_valid_percent,
       t.in_packets, t.out_packets, t.in_errors, t.out_errors, t.in_discards, t.out_discards, b.begins_at
FROM traffic_times b
JOIN traffic_5m t ON t.id BETWEEN (b.begins_at / 300000) << 24 AND (b.begins_at / 300000) << 24 | 16777215
JOIN interfaces i ON i.id = t.id & 16777215
JOIN devices d ON d.id = i.device_id
WHERE b.step_s = 300;

CREATE VIEW v_utilization_1h AS       -- one row an interface and hour
SELECT d.name AS device, i.name AS interface, i.alias,
       strftime('%Y-%m-%dT%H:%M:%SZ', b.begins_at / 1000, 'unixepoch') AS time,
       round(t.in_octets * 8e6 / (3600000000 - t.in_missing_us), 1) AS in_bps,
       round(t.out_octets * 8e6 / (3600000000 - t.out_missing_us), 1) AS out_bps,
       t.in_bps_max, t.out_bps_max, t.in_bps_min, t.out_bps_min,
       round(100 * ifnull(t.in_utilization, t.in_octets * 8.0 / (3600000000 - t.in_missing_us) / t.speed_mbps), 3)
         AS in_percent,
       round(100 * ifnull(t.out_utilization, t.out_octets * 8.0 / (3600000000 - t.out_missing_us) / t.speed_mbps), 3)
         AS out_percent,
       round(100 * ifnull(t.in_utilization_max, t.in_bps_max / 1e6 / t.speed_mbps), 3) AS in_percent_max,
       round(100 * ifnull(t.out_utilization_max, t.out_bps_max / 1e6 / t.speed_mbps), 3) AS out_percent_max,
       t.in_octets, t.out_octets,
       round(100 - 100.0 * max(t.in_missing_us, 0) / 3600000000, 3) AS in_valid_percent,
       round(100 - 100.0 * max(t.out_missing_us, 0) / 3600000000, 3) AS out_valid_percent,
       t.in_packets, t.out_packets, t.in_errors, t.out_errors, t.in_discards, t.out_discards, b.begins_at
FROM traffic_times b
JOIN traffic_1h t ON t.id BETWEEN (b.begins_at / 3600000) << 24 AND (b.begins_at / 3600000) << 24 | 16777215
JOIN interfaces i ON i.id = t.id & 16777215
JOIN devices d ON d.id = i.device_id
WHERE b.step_s = 3600;

CREATE VIEW v_utilization_1d AS       -- one row an interface and day of UTC
SELECT d.name AS device, i.name AS interface, i.alias,
       strftime('%Y-%m-%dT%H:%M:%SZ', b.begins_at / 1000, 'unixepoch') AS time,
       round(t.in_octets * 8e6 / (86400000000 - t.in_missing_us), 1) AS in_bps,
       round(t.out_octets * 8e6 / (86400000000 - t.out_missing_us), 1) AS out_bps,
       t.in_bps_max, t.out_bps_max, t.in_bps_min, t.out_bps_min,
       round(100 * ifnull(t.in_utilization, t.in_octets * 8.0 / (86400000000 - t.in_missing_us) / t.speed_mbps), 3)
         AS in_percent,
       round(100 * ifnull(t.out_utilization, t.out_octets * 8.0 / (86400000000 - t.out_missing_us) / t.speed_mbps), 3)
         AS out_percent,
       round(100 * ifnull(t.in_utilization_max, t.in_bps_max / 1e6 / t.speed_mbps), 3) AS in_percent_max,
       round(100 * ifnull(t.out_utilization_max, t.out_bps_max / 1e6 / t.speed_mbps), 3) AS out_percent_max,
       t.in_octets, t.out_octets,
       round(100 - 100.0 * max(t.in_missing_us, 0) / 86400000000, 3) AS in_valid_percent,
       round(100 - 100.0 * max(t.out_missing_us, 0) / 86400000000, 3) AS out_valid_percent,
       t.in_packets, t.out_packets, t.in_errors, t.out_errors, t.in_discards, t.out_discards, b.begins_at
FROM traffic_times b
JOIN traffic_1d t ON t.id BETWEEN (b.begins_at / 86400000) << 24 AND (b.begins_at / 86400000) << 24 | 16777215
JOIN interfaces i ON i.id = t.id & 16777215
JOIN devices d ON d.id = i.device_id
WHERE b.step_s = 86400;
)sql";

// Version 7 keeps what a poller needs to go on from the readings that are kept: on which clock they stand, what the
// agent's own clocks said, and the base lines where these are older than the newest readings.
constexpr const char* version_7 = R"sql(
ALTER TABLE device_latest ADD COLUMN boot /* which start of this machine booted_us counts from */ TEXT;
ALTER TABLE device_latest ADD COLUMN booted_us /* started_at by that clock, which nobody sets */ INTEGER;
ALTER TABLE device_latest ADD COLUMN clock_after_us /* then the agent's clocks were read */ INTEGER;
ALTER TABLE device_latest ADD COLUMN engine_boots /* snmpEngineBoots */ INTEGER;
ALTER TABLE device_latest ADD COLUMN engine_time /* snmpEngineTime, s */ INTEGER;
ALTER TABLE device_latest ADD COLUMN uncertain_us /* of when the readings were true: round trip, the agent's cache */
  INTEGER;
ALTER TABLE device_latest ADD COLUMN view /* what of the credentials decides what the agent shows */ TEXT;
ALTER TABLE device_latest ADD COLUMN address /* where it was asked; devices.address may be later */ TEXT;
ALTER TABLE device_latest ADD COLUMN cache_known /* 1: whether the agent caches was known */ INTEGER;
ALTER TABLE older_readings ADD COLUMN boot TEXT;             -- as in device_latest
ALTER TABLE older_readings ADD COLUMN booted_us INTEGER;
ALTER TABLE older_readings ADD COLUMN uncertain_us INTEGER;
ALTER TABLE older_readings ADD COLUMN address TEXT;

CREATE TABLE base_lines (              -- where the newest readings made no delta yet (stale): those it will begin at
  device_id    INTEGER PRIMARY KEY REFERENCES devices(id),
  booted_us    INTEGER NOT NULL,       -- these as in device_latest
  uncertain_us INTEGER NOT NULL,
  readings     TEXT NOT NULL
) STRICT;

CREATE TABLE rollups_put_off (         -- polls with deltas over many bins, which are put into rows some at a time
  poll_id  INTEGER PRIMARY KEY REFERENCES polls(id),
  next_bin INTEGER NOT NULL,           -- of 5 minutes, since 1970: from this one on they are in no row yet,
  end_bin  INTEGER NOT NULL            -- up to, and without, this one
) STRICT;
)sql";

// Version 8 seals rows that do not change any more: those of one interface over a span become one block. Spans come
// first in its key, so that blocks of one time stand together: that is how they are written, and taken when they are
// old. Rows that are here already are sealed while octopoll runs.
constexpr const char* version_8 = R"sql(
CREATE TABLE sealed_rows (             -- rows of samples and sums that are not rows of their tables any more
  level           INTEGER NOT NULL,    -- 0: of sample_rows and sample_exceptions; 300: of traffic_5m; 3600: of traffic_1h
  begins_at       INTEGER NOT NULL,    -- unix ms: of the span that the block is for
  interface_id    INTEGER NOT NULL REFERENCES interfaces(id),
  row_count       INTEGER NOT NULL,
  exception_count INTEGER NOT NULL,    -- of them with a row of sample_exceptions
  packed          BLOB NOT NULL,       -- docs/store.md says how
  PRIMARY KEY (level, begins_at, interface_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE sealing (                 -- how far that has come
  level        INTEGER PRIMARY KEY,
  begins_at    INTEGER NOT NULL,       -- unix ms: what is older is sealed, and of what begins here
  interface_id INTEGER NOT NULL,       -- that of interfaces up to this one
  sealed_until INTEGER NOT NULL        -- unix ms: no block has later rows
) STRICT;
)sql";

// Version 9 counts how often an interface had which rate, so that a percentile over a month is bounded by its days. Of
// days from before there are none: reports read those in full. It has row ids, for a search by its key in a table
// without would read each row that it passes, whole.
constexpr const char* version_9 = R"sql(
CREATE TABLE rate_histograms (         -- of the rates in 5 minutes of a device's interfaces in an hour or a day
  step_s    INTEGER NOT NULL,          -- 3600: until its day has been made, and two days longer; 86400
  begins_at INTEGER NOT NULL,          -- unix ms
  device_id INTEGER NOT NULL REFERENCES devices(id),
  rounded   BLOB NOT NULL,             -- what suffices to pass over most devices; docs/store.md says how
  packed    BLOB NOT NULL,
  PRIMARY KEY (step_s, begins_at, device_id)
) STRICT;
)sql";

// Version 10 records where interfaces have moved to; their history follows the name all the same.
constexpr const char* version_10 = R"sql(
CREATE TABLE interface_moves (
  id            INTEGER PRIMARY KEY,
  interface_id  INTEGER NOT NULL REFERENCES interfaces(id),
  moved_at      INTEGER NOT NULL,      -- start of the cycle that found it, unix ms
  from_if_index INTEGER NOT NULL,
  to_if_index   INTEGER NOT NULL
) STRICT;

CREATE VIEW v_moves AS                 -- time: when the poll noticed
SELECT d.name AS device, i.name AS interface, i.alias,
       strftime('%Y-%m-%dT%H:%M:%fZ', m.moved_at / 1000.0, 'unixepoch') AS time, m.from_if_index, m.to_if_index,
       m.moved_at
FROM interface_moves m
JOIN interfaces i ON i.id = m.interface_id
JOIN devices d ON d.id = i.device_id;
)sql";

// Version 11 gives sealed_rows row ids. To find a key in a table without, SQLite reads whole each row that it passes:
// with 200,000 blocks of 30 kB that was half a megabyte for each block read or written, and the last page of each stood
// half empty.
constexpr const char* version_11 = R"sql(
CREATE TABLE sealed_rows_by_rowid (    -- rows of samples and sums that are not rows of their tables any more
  level           INTEGER NOT NULL,    -- 0: of sample_rows and sample_exceptions; 300: of traffic_5m; 3600: of traffic_1h
  begins_at       INTEGER NOT NULL,    -- unix ms: of the span that the block is for
  interface_id    INTEGER NOT NULL REFERENCES interfaces(id),
  row_count       INTEGER NOT NULL,
  exception_count INTEGER NOT NULL,    -- of them with a row of sample_exceptions
  packed          BLOB NOT NULL,       -- docs/store.md says how
  PRIMARY KEY (level, begins_at, interface_id)
) STRICT;
INSERT INTO sealed_rows_by_rowid SELECT level, begins_at, interface_id, row_count, exception_count, packed
  FROM sealed_rows ORDER BY level, begins_at, interface_id;
DROP TABLE sealed_rows;
ALTER TABLE sealed_rows_by_rowid RENAME TO sealed_rows;
)sql";

// Version 12 seals polls that no sample refers to any more. A block is a device's, and sealed_rows are interfaces'.
constexpr const char* version_12 = R"sql(
CREATE TABLE sealed_polls (            -- rows that are not rows of polls any more
  begins_at    INTEGER NOT NULL,       -- unix ms: of the span that the block is for
  device_id    INTEGER NOT NULL REFERENCES devices(id),
  row_count    INTEGER NOT NULL,
  first_at     INTEGER NOT NULL,       -- the least and the greatest started_at in it,
  last_at      INTEGER NOT NULL,
  first_id     INTEGER NOT NULL,       -- id,
  last_id      INTEGER NOT NULL,
  first_number INTEGER NOT NULL,       -- and poll_number
  last_number  INTEGER NOT NULL,
  packed       BLOB NOT NULL,          -- docs/store.md says how
  PRIMARY KEY (begins_at, device_id)
) STRICT;
-- With all that is asked before a block is read, so that a page which cannot be read costs what is on it alone.
CREATE INDEX sealed_polls_by_device ON sealed_polls
  (device_id, begins_at, first_at, last_at, first_id, last_id, first_number, last_number);
)sql";

constexpr std::array<Migration, 12> steps_of_octopoll{{{1, version_1},
                                                       {2, version_2},
                                                       {3, version_3},
                                                       {4, version_4},
                                                       {5, version_5},
                                                       {6, version_6},
                                                       {7, version_7},
                                                       {8, version_8},
                                                       {9, version_9},
                                                       {10, version_10},
                                                       {11, version_11},
                                                       {12, version_12}}};

constexpr std::array<LateColumn, 3> late_columns_of_octopoll{
    {{7, "device_latest", "address",
      "ALTER TABLE device_latest ADD COLUMN address /* where it was asked; devices.address may be later */ TEXT"},
     {7, "device_latest", "cache_known",
      "ALTER TABLE device_latest ADD COLUMN cache_known /* 1: whether the agent caches was known */ INTEGER"},
     {7, "older_readings", "address", "ALTER TABLE older_readings ADD COLUMN address TEXT"}}};

}  // namespace

std::span<const Migration> migrations() { return steps_of_octopoll; }
std::span<const LateColumn> late_columns() { return late_columns_of_octopoll; }
std::int64_t newest_version() { return steps_of_octopoll.back().to; }

std::string_view view_text(std::string_view view) {
  const std::string begin = "CREATE VIEW " + std::string(view) + " AS";
  std::string_view text;
  for (const Migration& step : steps_of_octopoll) {
    const std::string_view sql = step.sql;
    const std::size_t at = sql.rfind(begin);
    if (at != std::string_view::npos) text = sql.substr(at, sql.find(";\n", at) - at);
  }
  return text;
}

}  // namespace octopoll::store
