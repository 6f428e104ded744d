package org.lora4j.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class AdapterNamesTest {
    private static final String DEVICE = "it is the name of a device on Windows";
    private static final String ENDS = "it must not end with a dot or a space, which Windows removes";

    static Stream<Arguments> refused() {
        return Stream.of(
                Arguments.of("", "it must not be blank"),
                Arguments.of(" \t", "it must not be blank"),
                Arguments.of("__base__", "it stands for no adapter"),
                Arguments.of("a/b", "it must not have the character U+002F (/)"),
                Arguments.of("a\\b", "it must not have the character U+005C (\\)"),
                Arguments.of("C:", "it must not have the character U+003A (:)"),
                Arguments.of("a\u0000b", "it must not have the character U+0000 (a control character)"),
                Arguments.of("a\u0085b", "it must not have the character U+0085 (a control character)"),
                Arguments.of("a\u2028b", "it must not have the character U+2028 (a control character)"),
                Arguments.of("a\u202etxt", "it must not have the character U+202E (invisible)"),
                Arguments.of("a\u200bb", "it must not have the character U+200B (invisible)"),
                Arguments.of("\ufeffa", "it must not have the character U+FEFF (invisible)"),
                Arguments.of("a\udb40\udc41", "it must not have the character U+E0041 (invisible)"),
                Arguments.of("a\ud800b", "it must not have the character U+D800 (half of a surrogate pair)"),
                Arguments.of("u\u0308ber", "it must be in Unicode's form NFC"),
                Arguments.of("\u212a", "it must be in Unicode's form NFC"),
                Arguments.of(".hidden", "it must not begin with a dot"),
                Arguments.of("..", "it must not begin with a dot"),
                Arguments.of("dot.", ENDS),
                Arguments.of("space ", ENDS),
                Arguments.of("NUL", DEVICE),
                Arguments.of("aux.json", DEVICE),
                Arguments.of("prn .x.y", DEVICE),
                Arguments.of("CONIN$", DEVICE),
                Arguments.of("conout$.txt", DEVICE),
                Arguments.of("com1", DEVICE),
                Arguments.of("COM\u00b9", DEVICE),
                Arguments.of("lpt\u00b3.x", DEVICE),
                Arguments.of("x".repeat(121), "it must have at most 120 characters and 255 bytes in UTF-8, found 121"),
                Arguments.of("\u20ac".repeat(86), "found 86 and 258"));
    }

    @ParameterizedTest
    @MethodSource
    void refused(String name, String reason) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdapterNames.requireNew(name, List.of()))
                .withMessageStartingWith("an adapter's name must be the name of a folder on every platform")
                .withMessageContaining(reason);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdapterNames.require(List.of("good", name)))
                .withMessageStartingWith("adapters' names must be names of folders on every platform")
                .withMessageContaining(reason);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a",
                "default",
                "\u00fcber",
                "\u65e5\u672c\u8a9e",
                "\ud83d\ude00",
                "a.b-c_d e",
                "console",
                "com10",
                "com",
                "conin",
                "nullable",
                "a$"
            })
    void allowed(String name) {
        assertThatCode(() -> {
                    AdapterNames.requireNew(name, List.of());
                    AdapterNames.require(List.of(name));
                })
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(strings = {"Name", "name", "NAME"})
    void namesThatDifferInCaseOnlyAreTwins(String name) {
        assertThatIllegalArgumentException().isThrownBy(() -> AdapterNames.require(List.of(name, swapCase(name))));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdapterNames.requireNew(name, List.of("other", swapCase(name))))
                .withMessageContaining("must differ from the others in more than case");
    }

    @Test
    void findsThoseThatAreAlikeButForCase() {
        assertThat(AdapterNames.alikeButForCase(List.of("nine", "Nine", "ten", "\u017f", "s")))
                .containsExactly("Nine", "nine", "s", "\u017f");
        assertThat(AdapterNames.alikeButForCase(List.of("nine", "ten"))).isEmpty();
    }

    private static String swapCase(String name) {
        return name.equals(name.toUpperCase(Locale.ROOT))
                ? name.toLowerCase(Locale.ROOT)
                : name.toUpperCase(Locale.ROOT);
    }

    @Test
    void lettersWithOneUpperCaseAreTwins() {
        assertThatIllegalArgumentException().isThrownBy(() -> AdapterNames.require(List.of("\u017f", "s")));
        assertThatIllegalArgumentException().isThrownBy(() -> AdapterNames.require(List.of("\u03c3a", "\u03c2a")));
    }

    @Test
    void listsTheFirstTenRefusedNames() {
        List<String> names = Stream.iterate("x:", name -> name + "x").limit(12).toList();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdapterNames.require(names))
                .withMessageContaining(names.get(9) + "'")
                .withMessageEndingWith("; and 2 more");
    }
}
