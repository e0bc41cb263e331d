/** Byline's schema: {@link dev.byline.migrations.Migrations} applies it. */
module dev.byline.migrations {
    requires transitive java.sql;
    requires org.slf4j;
    requires static transitive org.jspecify;

    exports dev.byline.migrations;
}
