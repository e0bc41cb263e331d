package dev.byline.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.kubernetes.client.openapi.JSON;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * The files in deploy/ have only valid fields and settings. Kubernetes' Java client, which is generated from the
 * description of its API, rejects unknown fields; the program rejects unknown settings.
 */
class DeploymentFilesTest {
    private static final Path DEPLOY = Path.of("../deploy");
    private static final String URL = "postgres://byline:secret@postgres/byline";

    @TestFactory
    Stream<DynamicTest> kubernetesAcceptsTheManifests() throws IOException {
        return manifests()
                .map(file -> DynamicTest.dynamicTest(
                        DEPLOY.relativize(file).toString(),
                        () -> check(json(file).getAsJsonObject())));
    }

    @Test
    void kubernetesRejectsAnUnknownField() throws IOException {
        var deployment = Files.readString(DEPLOY.resolve("kubernetes/deployment.yaml"));
        for (var name :
                List.of("readOnlyRootFilesystem", "minReadySeconds", "secretKeyRef", "topologyKey", "httpGet")) {
            var typo = json(deployment.replaceFirst(name + ":", name + "x:")).getAsJsonObject();
            assertThatThrownBy(() -> check(typo)).rootCause().hasMessageContaining(name + "x");
        }
    }

    @Test
    void kubernetesRejectsAValueOfTheWrongType() throws IOException {
        var deployment = Files.readString(DEPLOY.resolve("kubernetes/deployment.yaml"));
        var wrong =
                json(deployment.replaceFirst("replicas: 3", "replicas: three")).getAsJsonObject();
        assertThatThrownBy(() -> check(wrong)).hasMessageContaining("three");
    }

    /** Checks field names, then types: the client does this in two steps. */
    private static void check(JsonObject manifest) throws ReflectiveOperationException {
        var version = manifest.get("apiVersion").getAsString().replaceFirst(".*/", "");
        var type = Class.forName("io.kubernetes.client.openapi.models." + version.toUpperCase(Locale.ROOT)
                + manifest.get("kind").getAsString());
        type.getMethod("validateJsonElement", JsonElement.class).invoke(null, manifest);
        var unused = JSON.getGson().fromJson(manifest, type);
    }

    @Test
    void bylineAcceptsTheSettingsOfTheManifests() throws IOException {
        for (var file : manifests().toList()) {
            for (var container : all(json(file), "containers")) {
                var environment = new HashMap<String, String>();
                for (var variable :
                        container.getAsJsonArray().get(0).getAsJsonObject().getAsJsonArray("env")) {
                    var value = variable.getAsJsonObject().get("value");
                    environment.put(
                            variable.getAsJsonObject().get("name").getAsString(),
                            value == null ? "" : value.getAsString());
                }
                environment.put("DATABASE_URL", URL);
                assertThatCode(() -> ServerConfig.parse(environment))
                        .as("%s: %s", file, environment)
                        .doesNotThrowAnyException();
            }
        }
    }

    @Test
    void bylineAcceptsTheSettingsOfTheExampleSecret() throws IOException {
        var secret = json(DEPLOY.resolve("kubernetes/secret.example.yaml")).getAsJsonObject();
        var environment = secret.getAsJsonObject("stringData").asMap().entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, entry -> entry.getValue().getAsString()));
        assertThatCode(() -> ServerConfig.parse(environment)).doesNotThrowAnyException();
    }

    @Test
    void bylineAcceptsTheSettingsOfTheComposeFile() throws IOException {
        var environment = new HashMap<String, String>();
        for (var file : List.of("compose.yaml", "compose.replica.yaml")) {
            var byline = json(DEPLOY.resolve(file))
                    .getAsJsonObject()
                    .getAsJsonObject("services")
                    .getAsJsonObject("byline1");
            byline.getAsJsonObject("environment")
                    .asMap()
                    .forEach((name, value) ->
                            environment.put(name, value.getAsString().replaceAll("\\$\\{[^}]*}", "secret")));
        }
        var config = ServerConfig.parse(environment);
        assertThat(config.database().url()).isNotNull();
        assertThat(config.replicas().url()).isNotNull();
    }

    @Test
    void bylineAndRedisHaveTheSamePasswordInTheComposeFile() throws IOException {
        var services = json(DEPLOY.resolve("compose.yaml")).getAsJsonObject().getAsJsonObject("services");
        var command = services.getAsJsonObject("redis").getAsJsonArray("command").asList().stream()
                .map(JsonElement::getAsString)
                .toList();
        var password = command.get(command.indexOf("--requirepass") + 1);

        assertThat(password).startsWith("${REDIS_PASSWORD:?");
        assertThat(services.getAsJsonObject("byline1")
                        .getAsJsonObject("environment")
                        .get("REDIS_URL")
                        .getAsString())
                .isEqualTo("redis://:" + password + "@redis/0");
    }

    @Test
    void bylineAcceptsTheSettingsOfTheImage() throws IOException {
        var environment = new HashMap<String, String>();
        var lines = Files.readString(Path.of("../Dockerfile")).lines().filter(line -> line.startsWith("ENV "));
        var variable = Pattern.compile("(\\w+)=(\\S+)");
        lines.forEach(line ->
                variable.matcher(line).results().forEach(match -> environment.put(match.group(1), match.group(2))));
        assertThat(environment).containsKeys("BYLINE_HOST", "BYLINE_DRAIN_DELAY");
        assertThatCode(() -> ServerConfig.parse(environment)).doesNotThrowAnyException();
    }

    private static Stream<Path> manifests() throws IOException {
        try (var files = Files.walk(DEPLOY.resolve("kubernetes"))) {
            return files
                    .filter(file -> file.toString().endsWith(".yaml"))
                    .filter(file -> !file.endsWith("kustomization.yaml"))
                    .sorted()
                    .toList()
                    .stream();
        }
    }

    /** Returns all values with this name, at any depth. */
    private static List<JsonElement> all(JsonElement in, String name) {
        var found = new ArrayList<JsonElement>();
        if (in.isJsonObject()) {
            in.getAsJsonObject().asMap().forEach((key, value) -> {
                if (key.equals(name)) {
                    found.add(value);
                }
                found.addAll(all(value, name));
            });
        } else if (in.isJsonArray()) {
            in.getAsJsonArray().forEach(element -> found.addAll(all(element, name)));
        }
        return found;
    }

    private static JsonElement json(Path file) throws IOException {
        return json(Files.readString(file));
    }

    /** Parses YAML 1.2, in which a duplicate key is an error. */
    private static JsonElement json(String yaml) {
        var settings = LoadSettings.builder().build();
        return new Gson().toJsonTree(new Load(settings).loadFromString(yaml));
    }
}
