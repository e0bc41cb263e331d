package dev.byline.codegen;

import dev.byline.migrations.MigrationOptions;
import dev.byline.migrations.Migrations;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.nio.file.Path;
import org.jooq.codegen.GenerationTool;
import org.jooq.meta.jaxb.Configuration;
import org.jooq.meta.jaxb.Database;
import org.jooq.meta.jaxb.ForcedType;
import org.jooq.meta.jaxb.Generate;
import org.jooq.meta.jaxb.Generator;
import org.jooq.meta.jaxb.Jdbc;
import org.jooq.meta.jaxb.Logging;
import org.jooq.meta.jaxb.Target;

/** Starts an embedded PostgreSQL, migrates it and generates jOOQ classes from its schema. */
public final class Codegen {
    private Codegen() {}

    /**
     * Generates the classes.
     *
     * @param arguments one: the source folder; its {@code dev/byline/internal/sql/generated} is replaced
     * @throws Exception when PostgreSQL doesn't start, a migration fails or a file can't be written
     */
    public static void main(String[] arguments) throws Exception {
        generate(Path.of(arguments[0]));
    }

    static void generate(Path sources) throws Exception {
        try (var postgres = EmbeddedPostgres.start()) {
            Migrations.apply(postgres.getPostgresDatabase());
            GenerationTool.generate(configuration(postgres.getJdbcUrl("postgres", "postgres"), sources));
        }
    }

    private static Configuration configuration(String url, Path sources) {
        var database = new Database()
                .withName("org.jooq.meta.postgres.PostgresDatabase")
                .withInputSchema(MigrationOptions.DEFAULT_SCHEMA)
                .withOutputSchema("byline_schema")
                .withExcludes("byline_schema_history|posts\\.search|find_.*|newest_.*|match_.*|are_common")
                .withIncludeExcludeColumns(true)
                .withIncludeRoutines(false)
                .withForcedTypes(new ForcedType()
                        .withUserType("java.time.Instant")
                        .withBinding("dev.byline.internal.sql.InstantBinding")
                        .withIncludeTypes("(?i:timestamptz|timestamp.*)"));
        var generate = new Generate()
                .withGeneratedAnnotation(false)
                .withGlobalCatalogReferences(false)
                .withGlobalSchemaReferences(false)
                .withRecords(false)
                .withImplicitJoinPathsToOne(false)
                .withImplicitJoinPathsToMany(false)
                .withJavadoc(false)
                .withIndexes(true);
        return new Configuration()
                .withLogging(Logging.WARN)
                .withJdbc(new Jdbc().withUrl(url))
                .withGenerator(new Generator()
                        .withDatabase(database)
                        .withGenerate(generate)
                        .withTarget(new Target()
                                .withPackageName("dev.byline.internal.sql.generated")
                                .withDirectory(sources.toString())));
    }
}
