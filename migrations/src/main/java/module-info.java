/** Byline's schema: {@link dev.byline.migrations.Migrations} applies it. */
module dev.byline.migrations {
    // Flyway declares no modules: these names are derived from its file names.
    requires flyway.core;
    requires flyway.database.postgresql;
    requires transitive java.sql;
    requires org.slf4j;
    requires static transitive org.jspecify;

    exports dev.byline.migrations;
}
