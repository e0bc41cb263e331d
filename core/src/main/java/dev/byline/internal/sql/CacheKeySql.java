package dev.byline.internal.sql;

import static dev.byline.internal.sql.generated.Tables.CACHE_KEYS;

import java.util.Map;
import org.jooq.DSLContext;
import org.jooq.impl.DSL;

/** The statements about the keys that values in Redis are signed with, one method each. */
public final class CacheKeySql {
    private CacheKeySql() {}

    /**
     * Reads the keys.
     *
     * @return secrets by their ids; none before the first is made
     */
    public static Map<Long, byte[]> all(DSLContext dsl) {
        return dsl.select(CACHE_KEYS.ID, CACHE_KEYS.SECRET).from(CACHE_KEYS).fetchMap(CACHE_KEYS.ID, CACHE_KEYS.SECRET);
    }

    /**
     * Makes the first key, unless there is one. Of several processes that do this at the same time, one succeeds. The server draws
     * it, from two UUIDs with 122 random bits each: values that a client sends may end in the server's log.
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
