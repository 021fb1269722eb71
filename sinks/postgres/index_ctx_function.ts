/**
 * Adds rows to the side index for fields that were registered late, and notes how far
 * they are indexed. `indexed_to` only grows: several may be at it.
 */
export const INDEX_CTX = `
CREATE OR REPLACE FUNCTION index_ctx(
  ids text[], fields text[], field_values text[], noted text[], up_to bigint
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = SEARCH_PATH AS $zu$
BEGIN
  INSERT INTO event_index AS old (event_id, field, value, seq)
    SELECT term.event_id, term.field, term.value, e.seq
    FROM unnest(ids, fields, field_values) AS term(event_id, field, value)
    JOIN events e ON e.event_id = term.event_id
    ORDER BY 1, 2
  ON CONFLICT (event_id, field) DO UPDATE
    SET value = EXCLUDED.value, seq = EXCLUDED.seq
    WHERE (old.value, old.seq) IS DISTINCT FROM (EXCLUDED.value, EXCLUDED.seq);
  INSERT INTO zu_ctx_fields AS old (field, indexed_to)
    SELECT name, up_to FROM unnest(noted) AS name ORDER BY 1
  ON CONFLICT (field) DO UPDATE
    SET indexed_to = greatest(old.indexed_to, EXCLUDED.indexed_to);
END
$zu$;
`;
