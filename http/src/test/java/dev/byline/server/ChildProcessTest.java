package dev.byline.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ChildProcessTest {
    @Test
    void childrenInheritOnlyTheVariablesThatTheyNeed() {
        var environment = ChildProcess.of(List.of("true")).environment();

        assertThat(environment).containsKey("PATH");
        assertThat(environment.keySet())
                .allMatch(name -> name.startsWith("LC_")
                        || Set.of(
                                        "PATH",
                                        "HOME",
                                        "USER",
                                        "LOGNAME",
                                        "TMPDIR",
                                        "TZ",
                                        "LANG",
                                        "LANGUAGE",
                                        "LD_LIBRARY_PATH")
                                .contains(name));
        assertThat(environment).containsEntry("PATH", System.getenv("PATH"));
        assertThat(System.getenv().keySet())
                .as("at least one variable is not inherited")
                .anyMatch(name -> !environment.containsKey(name));
    }

    @Test
    void aFailureHasTheOutputInItsMessage() {
        assertThatThrownBy(() -> ChildProcess.run(List.of("sh", "-c", "echo out; echo why >&2; exit 3")))
                .isInstanceOf(IOException.class)
                .hasMessage("sh exited with status 3: out\nwhy");
    }

    @Test
    void aMissingProgramIsAnIOException() {
        assertThatThrownBy(() -> ChildProcess.run(List.of("/nowhere/initdb"))).isInstanceOf(IOException.class);
    }
}
