package dev.byline.cache;

import static dev.byline.db.generated.Tables.CACHE_KEYS;

import java.security.SecureRandom;
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

    /** Makes the first key, unless there is one. Of several processes that do this at the same time, one succeeds. */
    public static void makeFirst(DSLContext dsl) {
        var secret = new byte[CacheSeal.SECRET_BYTES];
        new SecureRandom().nextBytes(secret);
        var unused = dsl.insertInto(CACHE_KEYS, CACHE_KEYS.ID, CACHE_KEYS.SECRET)
                .select(DSL.select(DSL.inline(1L), DSL.val(secret))
                        .where(DSL.notExists(DSL.selectOne().from(CACHE_KEYS))))
                .onConflictDoNothing()
                .execute();
    }
}
