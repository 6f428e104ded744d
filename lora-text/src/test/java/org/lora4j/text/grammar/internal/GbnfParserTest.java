package org.lora4j.text.grammar.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The grammars of llama.cpp. */
class GbnfParserTest {
    /** The grammars in the README of llama.cpp: arithmetic, chess, a list, JSON. */
    @Test
    void readsTheGrammarsOfLlamaCpp() {
        Texts arithmetic = Texts.gbnf("""
                root  ::= (expr "=" ws term "\\n")+
                expr  ::= term ([-+*/] term)*
                term  ::= ident | num | "(" ws expr ")" ws
                ident ::= [a-z] [a-z0-9_]* ws
                num   ::= [0-9]+ ws
                ws    ::= [ \\t\\n]*
                """);
        assertThat(List.of("a=1\n", "(1 +b2)*3 = c\n", "1=1\n2=2\n")).allMatch(arithmetic::has);
        assertThat(List.of("", "a=\n", "(1=1\n", "A=1\n", "a=1")).noneMatch(arithmetic::has);
        Texts chess = Texts.gbnf("""
                # Specifies chess moves as a list in algebraic notation, using PGN conventions

                # Force first move to "1. ", then any 1-2 digit number after, relying on model to follow the pattern
                root    ::= "1. " move " " move "\\n" ([1-9] [0-9]? ". " move " " move "\\n")+
                move    ::= (pawn | nonpawn | castle) [+#]?

                # piece type, optional file/rank, optional capture, dest file & rank
                nonpawn ::= [NBKQR] [a-h]? [1-8]? "x"? [a-h] [1-8]

                # optional file & capture, dest file & rank, optional promotion
                pawn    ::= ([a-h] "x")? [a-h] [1-8] ("=" [NBKQR])?

                castle  ::= "O-O" "-O"?
                """);
        assertThat(chess.has("1. e4 e5\n2. Nf3 Nc6\n3. O-O exd4\n")).isTrue();
        assertThat(chess.has("1. e4 e5\n2. Nf9 Nc6\n")).isFalse();
        Texts list = Texts.gbnf("""
                root ::= item+

                # Excludes various line break characters
                item ::= "- " [^\\r\\n\\x0b\\x0c\\x85\\u2028\\u2029]+ "\\n"
                """);
        assertThat(list.has("- größe\n- 中\n")).isTrue();
        assertThat(List.of("- \u2028\n", "- \u0085\n", "-a\n")).noneMatch(list::has);
        Texts json = Texts.gbnf("""
                root   ::= object
                value  ::= object | array | string | number | ("true" | "false" | "null") ws

                object ::=
                  "{" ws (
                            string ":" ws value
                    ("," ws string ":" ws value)*
                  )? "}" ws

                array  ::=
                  "[" ws (
                            value
                    ("," ws value)*
                  )? "]" ws

                string ::=
                  "\\"" (
                    [^"\\\\\\x7F\\x00-\\x1F] |
                    "\\\\" (["\\\\bfnrt] | "u" [0-9a-fA-F]{4}) # escapes
                  )* "\\"" ws

                number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [0-9] [1-9]{0,15})? ws

                # Optional space: by convention, applied in this grammar after literal chars when allowed
                ws ::= | " " | "\\n" [ \\t]{0,20}
                """);
        assertThat(List.of("{}", "{\"a\": [1, 2.5e3, \"\\u00e9\\n\"], \"b\":{\n  \"c\":null}}"))
                .allMatch(json::has);
        assertThat(List.of("[]", "{\"a\": [1,]}", "{\"a\" 1}", "{\"a\":\"\n\"}"))
                .noneMatch(json::has);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '~',
            value = {
                "root ::= \"ab\"{2}; abab; ab",
                "root ::= \"a\"{2,}; aaaa; a",
                "root ::= \"a\"{1,3} \"b\"?; aaab; aaaab",
                "root ::= [^a-c\\]-]; d; -",
                "root ::= [\\[\\]a]; [; b",
                "root ::= . \"\\u00e9\\U0001F600\\x41\"; \ud83d\ude00é\ud83d\ude00A; é\ud83d\ude00A",
                "root ::= \"a\" | \"b\" |; b; c",
                "root ::= a-1 | a_2¶a-1 ::= \"x\"¶a_2 ::= \"y\" root?; yx; xy",
                "root ::= \"a\"¶  | \"b\" # or¶¶# end; b; ab",
                "root ::= ( # group¶ \"a\"¶¶ \"b\" )+; abab; aab",
                "root ::= (\"a\"?)*; aaa; b",
                "root ::= \"a\" ? \"b\" *; abb; aab"
            })
    void readsAllForms(String grammar, String text, String other) {
        Texts texts = Texts.gbnf(grammar.replace('¶', '\n'));
        assertThat(texts.has(text)).isTrue();
        assertThat(texts.has(other)).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '~',
            value = {
                "# none; line 1, column 7: there must be a rule 'root', found none",
                "a ::= \"x\"; there must be a rule 'root', found none",
                "root ::= a¶¶b ::= c; line 1, column 10: each rule that is used must be defined, found 'a'",
                "root ::= \"a¶; line 1, column 12: a literal must end with '\"', found ",
                "root ::= [a; a class must end with ']', found the end",
                "root ::= [b-a]; a range must go from a character to a later one",
                "root ::= (\"a\"; '(' must have a ')' behind it, found the end",
                "root ::= \"a\"); column 13: a rule must end with its line, found ')'",
                "root = \"a\"; column 6: the name of a rule must have '::=' behind it, found '='",
                "root ::= *; column 10: a count must stand behind something, found '*'",
                "root ::= \"a\"{3,2}; a count must be",
                "root ::= \"a\"{12345678901}; at most 9 digits",
                "root ::= \"\\q\"; '\\' must have one of",
                "root ::= \"\\ud800\"; a character must be one of Unicode, found the number d800",
                "root ::= \"\\UFFFFFFFF\"; a character must be one of Unicode",
                "root ::= \"\\x4\"; an escape must have 2 hexadecimal digits",
                "root ::= <think; a token must end with '>', found the end",
                "root ::= <[7>; the id of a token must be written as '<[id]>', found '>'",
                "root ::= !<think>; tokens must not be excluded, found '!'",
                "root ::= \"a\"¶root ::= \"b\"; line 2, column 1: each rule must be defined once, found 'root' again",
                "root ::= root \"a\" | \"b\"; no rule may begin with itself, found 'root', which does",
                "root ::= a¶a ::= \"x\"? b¶b ::= root; found 'root', 'a', 'b', of which each begins with the next",
                "root ::= \"a\" root; at least one text must fit, found none that ends",
                "root ::= \"a\" & \"b\"; a rule must end with its line, found '&'"
            })
    void refusesWithThePlace(String grammar, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Texts.gbnf(grammar.replace('¶', '\n')))
                .withMessageContaining(message);
    }
}
