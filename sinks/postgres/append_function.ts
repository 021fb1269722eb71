import { lastBefore } from "./select.ts";

/**
 * Appends a group in one transaction. Everything that decides whether it may is
 * looked at behind the traces' locks: the traces' heads are those that the group was
 * linked to, and none of its ids is taken.
 *
 * - Traces are locked by a hash of their name, in ascending order, so that no two
 *   appends wait for each other. A group of many traces locks the whole log instead:
 *   the server's lock table is small.
 * - A head is told by its id. Places come again where a server goes back to an earlier
 *   state, after a failover that has lost commits or from a backup; ids do not.
 * - `first_seq` is 0 for a group whose heads are others by now, and -1 for one with an
 *   id that is taken; then nothing was written.
 * - The places are drawn next to each other behind a lock that is let go of at once:
 *   rolling a subtransaction back releases its locks, and does not return what was
 *   drawn from a sequence. A lock that was kept to the commit would have commits wait
 *   for each other's disk.
 * - Before it draws, an append shows how far the log had grown, as the number of an
 *   advisory lock that it holds until its rows are visible or will never be: see
 *   settled_function.ts.
 * - The notice tells the sink at once that the places are drawn, so that the next
 *   group may be sent while this one is being committed.
 * - It sees what others have committed while it waited for a lock only where each of
 *   its statements looks anew, which is what "read committed" means.
 * - Rows go in by the order of their ids, since two appends of the same ids would
 *   otherwise wait for each other.
 */
export const APPEND = `
CREATE OR REPLACE FUNCTION ZU.lock_traces(traces text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $zu$
DECLARE
  class integer := (SELECT lock_class FROM ZU.zu_log);
  bucket integer;
BEGIN
  IF cardinality(traces) > 64 THEN
    PERFORM pg_advisory_xact_lock(class + 1, 0);
    RETURN;
  END IF;
  PERFORM pg_advisory_xact_lock_shared(class + 1, 0);
  FOR bucket IN
    SELECT DISTINCT hashtext(trace) FROM unnest(traces) AS trace ORDER BY 1
  LOOP
    PERFORM pg_advisory_xact_lock(class + 2, bucket);
  END LOOP;
END
$zu$;

CREATE OR REPLACE FUNCTION ZU.append(
  tag text,
  commit_level text,
  traces text[], heads text[],
  event_ids text[], trace_ids text[], task_ids text[], parent_ids text[],
  types text[], sources text[],
  starts integer[], lengths integer[], blobs bytea,
  ctx_events integer[], ctx_fields text[], ctx_values text[],
  OUT first_seq bigint, OUT level text, OUT standbys text
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET jit = off AS $zu$
DECLARE
  class integer := (SELECT lock_class FROM ZU.zu_log);
  grown_to bigint;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE SQLSTATE 'ZU001' USING MESSAGE =
      'appends need read committed, and this transaction is '
      || current_setting('transaction_isolation');
  END IF;
  level := set_config('synchronous_commit', commit_level, true);
  standbys := current_setting('synchronous_standby_names');
  IF level = 'remote_apply' AND standbys = '' THEN
    RAISE SQLSTATE 'ZU002' USING MESSAGE =
      'remote_apply is demanded, and synchronous_standby_names is empty';
  END IF;
  PERFORM ZU.lock_traces(traces);
  IF EXISTS (
    SELECT FROM unnest(traces, heads) AS expected(trace, head)
    WHERE head IS DISTINCT FROM (
      SELECT event_id FROM (${lastBefore("trace", "9223372036854775807")}) last
      WHERE last.trace_id = trace)
  ) THEN
    first_seq := 0;
    RETURN;
  END IF;
  IF EXISTS (SELECT FROM ZU.events WHERE event_id = ANY (event_ids)) THEN
    first_seq := -1;
    RETURN;
  END IF;
  grown_to := coalesce(pg_sequence_last_value('ZU.events_seq'), 0);
  PERFORM pg_advisory_xact_lock_shared(class, (grown_to & 2147483647)::integer);
  BEGIN
    PERFORM pg_advisory_xact_lock(class + 1, 1);
    SELECT min(drawn) INTO first_seq FROM (
      SELECT nextval('ZU.events_seq') AS drawn
      FROM generate_series(1, cardinality(event_ids))
    ) AS places;
    RAISE SQLSTATE 'ZU000';
  EXCEPTION WHEN SQLSTATE 'ZU000' THEN NULL;
  END;
  PERFORM set_config('client_min_messages', 'notice', true);
  RAISE NOTICE 'zu.drawn % %', tag, first_seq;
  INSERT INTO ZU.events
    SELECT first_seq + place - 1, event_id, trace_id, task_id, parent_id,
      type, source, substring(blobs FROM start + 1 FOR length)
    FROM unnest(event_ids, trace_ids, task_ids, parent_ids, types, sources,
      starts, lengths) WITH ORDINALITY AS added(event_id, trace_id, task_id,
      parent_id, type, source, start, length, place)
    ORDER BY event_id;
  IF cardinality(ctx_events) > 0 THEN
    -- What is left of an event that is gone must not keep it from being appended.
    INSERT INTO ZU.event_index AS old (event_id, field, value, seq)
      SELECT event_ids[event], field, value, first_seq + event - 1
      FROM unnest(ctx_events, ctx_fields, ctx_values) AS term(event, field, value)
      ORDER BY 1, 2
    ON CONFLICT (event_id, field) DO UPDATE
      SET value = EXCLUDED.value, seq = EXCLUDED.seq;
  END IF;
END
$zu$;

-- A commit that waits for the disk, and for the standbys, without adding anything: what
-- was found in the log is acknowledged behind it. The server may show a row that its
-- standbys have not got, when it was restarted while it waited for them.
CREATE OR REPLACE FUNCTION ZU.confirm(commit_level text, OUT level text, OUT standbys text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $zu$
BEGIN
  level := set_config('synchronous_commit', commit_level, true);
  standbys := current_setting('synchronous_standby_names');
  -- What the server says of a wait that was cancelled must not be kept back.
  PERFORM set_config('client_min_messages', 'notice', true);
  UPDATE ZU.zu_log SET version = version;
END
$zu$;
`;
