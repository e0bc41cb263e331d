package dev.byline.internal.sql;

import java.util.List;
import org.jooq.DSLContext;
import org.jooq.impl.SQLDataType;

/** The statements about GIN indexes, one method each. */
public final class GinSql {
    private GinSql() {}

    /**
     * Sorts what was written lately into the GIN indexes of posts and users, so that no write that fills up the list of what isn't sorted
     * in has to do it. The indexes' owner may.
     *
     * @return for each index, whether it was done; false for one of another owner
     */
    public static List<Boolean> cleanPendingLists(DSLContext dsl) {
        return dsl.resultQuery("""
                        SELECT CASE WHEN pg_has_role(c.relowner, 'USAGE') THEN gin_clean_pending_list(c.oid) END IS NOT NULL
                        FROM pg_index i
                        JOIN pg_class c ON c.oid = i.indexrelid
                        JOIN pg_am a ON a.oid = c.relam
                        WHERE i.indrelid IN ('posts'::regclass, 'users'::regclass) AND i.indisvalid AND a.amname = 'gin'
                        """).fetch(row -> row.get(0, SQLDataType.BOOLEAN.getType()));
    }
}
