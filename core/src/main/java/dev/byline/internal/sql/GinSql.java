package dev.byline.internal.sql;

import java.util.List;
import org.jooq.DSLContext;
import org.jooq.impl.SQLDataType;

/** Maintains the GIN indexes. */
public final class GinSql {
    private GinSql() {}

    /**
     * Moves pending entries into the GIN indexes of posts and users; otherwise the write that fills a pending list does
     * it. Only the owner of an index may.
     *
     * @return for each index, whether it was done; false when another role owns it
     */
    public static List<Boolean> cleanPendingLists(DSLContext dsl) {
        return dsl.resultQuery("""
                        SELECT CASE WHEN pg_has_role(c.relowner, 'USAGE') THEN gin_clean_pending_list(c.oid) END
                            IS NOT NULL
                        FROM pg_index i
                        JOIN pg_class c ON c.oid = i.indexrelid
                        JOIN pg_am a ON a.oid = c.relam
                        WHERE i.indrelid IN ({0}::regclass, {1}::regclass) AND i.indisvalid AND a.amname = 'gin'
                        """, SchemaSql.literal("posts"), SchemaSql.literal("users"))
                .fetch(row -> row.get(0, SQLDataType.BOOLEAN.getType()));
    }
}
