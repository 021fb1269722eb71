/**
 * How far the log is settled: no row up to there will ever come to be that is not
 * visible to the next statement. Places are drawn before their rows can be seen, so
 * a reader that went by the highest visible seq would lose those of slower commits.
 *
 * An append shows how far the log had grown before it draws, as an advisory lock on
 * that number, which it holds until it has ended. So here, in this order: how far have
 * places been drawn; which of those who drew are still at it. One that drew a place
 * up to the first answer, and is not found by the second, has ended, and its rows are
 * visible to whoever looks from then on. Unlike a gate at the oldest transaction of
 * the server, this one waits for this log's appends alone: a transaction that is left
 * open elsewhere holds no reader up.
 *
 * `seq` is the last row up to there. A reader that went on to `gate`, over places that
 * were drawn and not used, could lose a row: a server that crashes or fails over just
 * then knows nothing of them, and they come again. Those before a row do not, since its
 * commit has brought to the disk, and to the standbys, that they were drawn.
 *
 * Locks carry 31 bits of the number: those that lie behind it by less than half of
 * that range are older, all others newer, and do not count.
 */
export const SETTLED = `
CREATE OR REPLACE FUNCTION ZU.settled(OUT seq bigint, OUT gate bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET jit = off AS $zu$
DECLARE
  class integer := (SELECT lock_class FROM ZU.zu_log);
  drawn_to bigint := coalesce(pg_sequence_last_value('ZU.events_seq'), 0);
  behind bigint;
BEGIN
  SELECT max((drawn_to - objid::bigint) & 2147483647) INTO behind
  FROM pg_locks
  WHERE locktype = 'advisory' AND objsubid = 2 AND classid::bigint = class
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (drawn_to - objid::bigint) & 2147483647 < 1073741824;
  gate := drawn_to - coalesce(behind, 0);
  seq := coalesce((SELECT max(e.seq) FROM ZU.events e WHERE e.seq <= gate), 0);
END
$zu$;
`;
