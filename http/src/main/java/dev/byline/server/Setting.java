package dev.byline.server;

/**
 * Every setting, by its name in the environment. docs/configuration.md says what each is for; a test holds the two equal.
 */
enum Setting {
    PORT("8000"),
    BYLINE_HOST("127.0.0.1"),
    BYLINE_MANAGEMENT_PORT("9000"),
    BYLINE_MANAGEMENT_HOST(""),
    DATABASE_URL("", true),
    BYLINE_DATA_DIR("./byline-data"),
    BYLINE_MIGRATE("on"),
    BYLINE_MIGRATE_URL("", true),
    BYLINE_POOL_SIZE(""),
    BYLINE_DATABASE_CORES(""),
    BYLINE_DATABASE_SPINDLES("1"),
    BYLINE_REPLICAS("1"),
    BYLINE_PGBOUNCER("false"),
    BYLINE_MAX_REQUESTS(""),
    BYLINE_DRAIN_DELAY("0s"),
    BYLINE_SIGNUP("open"),
    BYLINE_ADMIN_EMAIL("", true),
    BYLINE_ADMIN_PASSWORD("", true),
    BYLINE_TOKEN_TTL("30d"),
    BYLINE_RATE_LIMIT("600"),
    BYLINE_RATE_LIMIT_ANONYMOUS("600"),
    BYLINE_RATE_LIMIT_LOGIN("10"),
    BYLINE_RATE_LIMIT_SIGNUP("20"),
    BYLINE_RATE_LIMIT_BYTES("104857600"),
    BYLINE_TRUSTED_PROXIES(""),
    BYLINE_CORS_ORIGINS(""),
    BYLINE_REQUIRE_IF_MATCH("off"),
    BYLINE_DOCS("on"),
    BYLINE_IMPORT("on"),
    BYLINE_IMPORT_ALLOW_PRIVATE("false"),
    BYLINE_SEARCH_LANGUAGE("english"),
    REDIS_URL("", true),
    BYLINE_CACHE("on"),
    BYLINE_CACHE_L1_TTL("5s"),
    BYLINE_CACHE_L2_TTL("60s"),
    BYLINE_LOG("auto"),
    BYLINE_LOG_REQUESTS("on"),
    BYLINE_SLOW_STATEMENT("500ms");

    /** What holds when it isn't set; empty where that is computed or nothing. */
    final String byDefault;

    /** Whether it is never shown, and may come from the file that {@code NAME_FILE} names. */
    final boolean secret;

    Setting(String byDefault) {
        this(byDefault, false);
    }

    Setting(String byDefault, boolean secret) {
        this.byDefault = byDefault;
        this.secret = secret;
    }
}
