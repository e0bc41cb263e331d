package dev.byline.internal.store;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JooqVersionTest {
    @ParameterizedTest
    @ValueSource(strings = {"3.19.27", "3.20.8", "3.9", "2.30.0"})
    void anOlderVersionIsRejectedByName(String version) {
        assertThatThrownBy(() -> JooqVersion.check(version))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("needs jOOQ 3.21 or newer, but found " + version);
    }

    @ParameterizedTest
    @ValueSource(strings = {"3.21.0", "3.22.0-SNAPSHOT", "4.0.0", "unknown"})
    void otherVersionsAreAccepted(String version) {
        assertThatCode(() -> JooqVersion.check(version)).doesNotThrowAnyException();
    }

    @Test
    void theVersionOfTheBuildIsAccepted() {
        assertThatCode(JooqVersion::check).doesNotThrowAnyException();
    }
}
