package org.lora4j.text.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The format that the page about tools adds. */
class AtSyntaxTest {
    @Test
    void itIsThatOfThePage() throws IOException {
        String code = Files.readString(Path.of("src/test/java/org/lora4j/text/tools/AtSyntax.java"));
        assertThat(Files.readString(Path.of("../src/site/markdown/tool-formats.md")))
                .contains(code.substring(code.indexOf("/** The name")).strip());
    }

    @Test
    void itReadsAndWrites() {
        AtSyntax syntax = new AtSyntax();
        ToolCall call = ToolCall.of("weather", "{\"city\": \"Oslo\"}");
        assertThat(syntax.write(call)).isEqualTo("@call weather {\"city\": \"Oslo\"} @end");
        assertThat(syntax.firstMark()).contains("@call");
        assertThat(syntax.isIn("Write @call.")).isTrue();
        ToolReader reader = new ToolReader(syntax, ArgumentTypes.NONE);
        List<AnswerPart> parts = new ArrayList<>(reader.add("Hm. @call weather {\"city\": \"Os"));
        parts.addAll(reader.add("lo\"} @end Now."));
        parts.addAll(reader.end());
        assertThat(ToolAnswer.of(parts)).isEqualTo(new ToolAnswer("Hm. Now.", List.of(call)));
    }
}
