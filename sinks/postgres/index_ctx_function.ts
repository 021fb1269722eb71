/**
 * Adds rows to the side index for fields that were registered late, and notes how far
 * they are indexed. `indexed_to` only grows: several may be at it.
 *
 * Who may call it can add rows that are missing, and change none that belongs to an
 * event; what is left of one that is gone, and that was appended again, gives way.
 */
export const INDEX_CTX = `
CREATE OR REPLACE FUNCTION ZU.index_ctx(
  ids text[], fields text[], field_values text[], noted text[], up_to bigint
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET jit = off AS $zu$
BEGIN
  INSERT INTO ZU.event_index AS old (event_id, field, value, seq)
    SELECT term.event_id, term.field, term.value, e.seq
    FROM unnest(ids, fields, field_values) AS term(event_id, field, value)
    JOIN ZU.events e ON e.event_id = term.event_id
    ORDER BY 1, 2
  ON CONFLICT (event_id, field) DO UPDATE
    SET value = EXCLUDED.value, seq = EXCLUDED.seq
    WHERE old.seq <> EXCLUDED.seq;
  INSERT INTO ZU.zu_ctx_fields AS old (field, indexed_to)
    SELECT name, least(up_to, (SELECT seq FROM ZU.settled()))
    FROM unnest(noted) AS name ORDER BY 1
  ON CONFLICT (field) DO UPDATE
    SET indexed_to = greatest(old.indexed_to, EXCLUDED.indexed_to);
END
$zu$;
`;
