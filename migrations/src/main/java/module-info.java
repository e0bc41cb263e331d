/** Byline's schema: {@link dev.byline.migrations.Migrations} applies it. */
module dev.byline.migrations {
    // Flyway has no module names of its own: these come from the names of its files.
    requires flyway.core;
    requires flyway.database.postgresql;
    requires transitive java.sql;
    requires org.slf4j;
    requires static transitive org.jspecify;

    exports dev.byline.migrations;
}
