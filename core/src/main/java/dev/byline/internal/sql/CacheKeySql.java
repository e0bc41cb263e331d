package dev.byline.internal.sql;

import static dev.byline.internal.sql.generated.Tables.CACHE_KEYS;

import java.util.Map;
import org.jooq.DSLContext;
import org.jooq.impl.DSL;

/** Statements about the keys that sign values in Redis, one method each. */
public final class CacheKeySql {
    private CacheKeySql() {}

    /**
     * Reads the keys.
     *
     * @return secrets by key id; empty before the first key is created
     */
    public static Map<Long, byte[]> all(DSLContext dsl) {
        return dsl.select(CACHE_KEYS.ID, CACHE_KEYS.SECRET).from(CACHE_KEYS).fetchMap(CACHE_KEYS.ID, CACHE_KEYS.SECRET);
    }

    /** Returns the schema in which the search path finds the tables. */
    public static String currentSchema(DSLContext dsl) {
        return dsl.resultQuery("SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                        + " WHERE c.oid = 'users'::regclass")
                .fetchSingle(row -> String.valueOf(row.get(0)));
    }

    /**
     * Creates the first key unless one exists. If several processes do this at the same time, one succeeds. PostgreSQL
     * generates the secret, from two UUIDs with 122 random bits each: its log may contain values that clients send.
     */
    public static void makeFirst(DSLContext dsl) {
        var secret = DSL.field("sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))", byte[].class);
        var unused = dsl.insertInto(CACHE_KEYS, CACHE_KEYS.ID, CACHE_KEYS.SECRET)
                .select(DSL.select(DSL.inline(1L), secret)
                        .where(DSL.notExists(DSL.selectOne().from(CACHE_KEYS))))
                .onConflictDoNothing()
                .execute();
    }
}
