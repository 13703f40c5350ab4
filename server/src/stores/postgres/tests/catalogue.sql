WITH mine AS (SELECT oid FROM pg_namespace WHERE nspname = 'public')
SELECT line FROM (
    SELECT 'relation ' || c.relkind::text || ' ' || c.relname || ' ' || coalesce(array_to_string(c.reloptions, ','), '')
        || ' ' || coalesce(pg_get_partkeydef(c.oid), '') || ' ' || coalesce(pg_get_expr(c.relpartbound, c.oid), '') AS line
    FROM pg_class c WHERE c.relnamespace IN (SELECT oid FROM mine) AND c.relkind <> 'i'
    UNION ALL
    SELECT 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
        || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END || ' ' || a.attstorage::text || ' ' || a.attidentity::text
        || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
        -- What is said about a column stands at the parent: a leaf has it only where it was made later.
        || ' ' || coalesce(CASE WHEN NOT c.relispartition THEN col_description(c.oid, a.attnum) END, '')
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace IN (SELECT oid FROM mine) AND c.relkind IN ('r', 'p', 'v') AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT 'constraint ' || t.conrelid::regclass::text || ' ' || t.conname || ' ' || pg_get_constraintdef(t.oid)
    FROM pg_constraint t WHERE t.connamespace IN (SELECT oid FROM mine)
    UNION ALL
    SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT 'trigger ' || pg_get_triggerdef(g.oid) FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
    WHERE c.relnamespace IN (SELECT oid FROM mine) AND NOT g.tgisinternal
    UNION ALL
    SELECT 'function ' || pg_get_functiondef(p.oid) FROM pg_proc p
    WHERE p.pronamespace IN (SELECT oid FROM mine) AND p.prokind = 'f'
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    UNION ALL
    SELECT 'view ' || viewname || ' ' || definition FROM pg_views WHERE schemaname = 'public'
    UNION ALL
    SELECT 'extension ' || extname || ' ' || extversion FROM pg_extension WHERE extname <> 'plpgsql'
) lines ORDER BY line COLLATE "C"
