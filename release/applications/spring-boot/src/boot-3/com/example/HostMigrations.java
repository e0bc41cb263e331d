package com.example;

import dev.byline.migrations.Migrations;
import javax.sql.DataSource;
import org.springframework.boot.autoconfigure.flyway.FlywayMigrationStrategy;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Migrates Byline's schema first: a table of the host refers to one of Byline's. */
@Configuration
class HostMigrations {
    // docs: Flyway
    @Bean
    FlywayMigrationStrategy bylineFirst(DataSource dataSource) {
        return flyway -> {
            Migrations.apply(dataSource);
            flyway.migrate();
        };
    }
    // end
}
