package org.lora4j.cli.report;

import com.fasterxml.jackson.databind.node.TextNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The model card of an adapter, {@code README.md}, in the form of PEFT.
 *
 * @param base the base, as {@code base_model_name_or_path} has it
 * @param pipeline the task, as the hub names it
 * @param title the headline
 * @param about what the adapter does
 * @param results what was measured, by name
 * @param use how it is used
 * @param settings what it was trained with
 */
record ModelCard(
        String base,
        String pipeline,
        String title,
        String about,
        Map<String, String> results,
        List<String> use,
        Map<String, Object> settings) {
    String text() {
        String measured = results.isEmpty()
                ? "Nothing was measured.\n"
                : "| metric | value |\n|---|---|\n"
                        + results.entrySet().stream()
                                .map(result -> row(result.getKey(), result.getValue()))
                                .collect(Collectors.joining());
        String trainedWith = settings.entrySet().stream()
                .map(setting -> row(setting.getKey(), setting.getValue()))
                .collect(Collectors.joining());
        return """
                ---
                base_model: %s
                library_name: peft
                pipeline_tag: %s
                tags:
                - lora
                ---

                %s

                # %s

                %s

                ## Results

                %s
                ## Use

                ```sh
                %s
                ```

                ## Training

                | setting | value |
                |---|---|
                %s""".formatted(
                        quoted(base),
                        pipeline,
                        CardFile.MARK,
                        Markdown.escaped(title),
                        about,
                        measured,
                        String.join("\n", use),
                        trainedWith);
    }

    /** Returns the beginning of a command that uses an adapter. */
    static String command(String name, Path base, Path folder) {
        return "lora " + name + " --model " + word(base) + " --adapter " + word(folder);
    }

    /** Returns a word as a shell takes it, whatever characters it has. */
    static String word(Object value) {
        String text = value.toString();
        return text.matches("[A-Za-z0-9_./:+=@%-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
    }

    private static String row(String name, Object value) {
        return "| " + Markdown.escaped(name) + " | " + Markdown.escaped(String.valueOf(value)) + " |\n";
    }

    /** A scalar of YAML, whatever characters it has: JSON is YAML. */
    private static String quoted(String text) {
        return TextNode.valueOf(text).toString();
    }
}
