module com.example {
    requires com.github.benmanes.caffeine; // for the cache
    requires com.zaxxer.hikari; // for Byline.open
    requires dev.byline.core;
    requires dev.byline.migrations;
    requires org.postgresql.jdbc;
}
