package org.lora4j.text.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Thoughts are told apart, and what stands in them is no call. */
class AnswerReaderTest {
    private static final String CALL =
            "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": \"<think>\"}}\n</tool_call>";
    private static final ToolCall F = ToolCall.of("f", "{\"a\": \"<think>\"}");

    private static AnswerForm form(ThoughtFormat thoughts, ToolFormat calls) {
        return new AnswerForm(thoughts, false, calls, List.of());
    }

    @Test
    void thoughtsAreTextOfTheirOwn() {
        AnswerForm form = form(ThoughtFormat.THINK, ToolFormat.HERMES);
        assertThat(form.read("<think>\nHm. " + CALL + "\n</think>\n\nI look.\n" + CALL))
                .isEqualTo(new ToolAnswer("Hm. " + CALL, "I look.", List.of(F)));
        assertThat(form.read("\n<think></think>Yes <think>no</think>"))
                .isEqualTo(new ToolAnswer("", "Yes <think>no</think>", List.of()));
        assertThat(form.read("<think>a</think>\n<think>b</think> c")).isEqualTo(new ToolAnswer("ab", "c", List.of()));
        assertThat(form.read("<think>a")).isEqualTo(new ToolAnswer("a", "", List.of()));
        assertThat(form.read(" a ")).isEqualTo(new ToolAnswer("", " a ", List.of()));
        assertThat(AnswerForm.TEXT.read("<think>a</think>b")).isEqualTo(new ToolAnswer("<think>a</think>b", List.of()));
    }

    @Test
    void aPromptCanBeginThem() {
        AnswerForm form = new AnswerForm(ThoughtFormat.THINK, true, null, List.of());
        assertThat(form.read("Hm.\n</think>\n\nYes.")).isEqualTo(new ToolAnswer("Hm.", "Yes.", List.of()));
        assertThat(form.withoutOpenThoughts().read("{\"a\": 1}")).isEqualTo(new ToolAnswer("{\"a\": 1}", List.of()));
        assertThat(ThoughtFormat.THINK.isOpen("<|im_start|>assistant\n<think>\n"))
                .isTrue();
        assertThat(ThoughtFormat.THINK.isOpen("<|im_start|>assistant\n<think>\n\n</think>\n\n"))
                .isFalse();
        assertThat(ThoughtFormat.THINK.isOpen("<|im_start|>assistant\n")).isFalse();
    }

    @Test
    void thoughtsComeEarly() {
        AnswerReader reader = form(ThoughtFormat.THINK, ToolFormat.HERMES).reader();
        assertThat(reader.add("<thi")).isEmpty();
        assertThat(reader.add("nk>\nLet")).containsExactly(new AnswerPart.Thoughts("Let"));
        assertThat(reader.add(" me.\n</th")).containsExactly(new AnswerPart.Thoughts(" me."));
        assertThat(reader.add("ink>\n\nYes")).containsExactly(new AnswerPart.Text("Yes"));
        assertThat(reader.end()).isEmpty();
    }

    @Test
    void readsTheChannelsOfHarmony() {
        AnswerForm form = form(ThoughtFormat.HARMONY, ToolFormat.HARMONY);
        String call = "<|channel|>commentary to=functions.f <|constrain|>json<|message|>{\"a\": \"<think>\"}<|call|>";
        assertThat(form.read("<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant" + call))
                .isEqualTo(new ToolAnswer("Hm.", "", List.of(F)));
        assertThat(form.read(
                        "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary<|message|>"
                                + "I look.<|end|><|start|>assistant" + call))
                .isEqualTo(new ToolAnswer("Hm.", "I look.", List.of(F)));
        assertThat(
                        form.read(
                                "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Yes.<|return|>"))
                .isEqualTo(new ToolAnswer("Hm.", "Yes.", List.of()));
        assertThat(new AnswerForm(ThoughtFormat.HARMONY, false, null, List.of())
                        .read("<|channel|>final<|message|>Yes."))
                .isEqualTo(new ToolAnswer("", "Yes.", List.of()));
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            quoteCharacter = '`',
            value = {
                "{{ messages }}, -",
                "{{ content.split('</think>') }}, THINK",
                "[THINK][/THINK], MISTRAL",
                "<seed:think></seed:think>, SEED_OSS",
                "<|channel>thought <channel|>, GEMMA4",
                "<|start|>assistant<|channel|>analysis<|message|>, HARMONY"
            })
    void aTemplateHasThem(String template, @Nullable ThoughtFormat expected) {
        assertThat(ThoughtFormat.find(template).orElse(null)).isEqualTo(expected);
    }

    @ParameterizedTest
    @EnumSource
    @Tag("slow")
    void theWholeIsTheSameForEverySplit(ThoughtFormat thoughts) {
        SplittableRandom random = new SplittableRandom(5);
        ToolFormat calls = thoughts == ThoughtFormat.HARMONY ? ToolFormat.HARMONY : ToolFormat.HERMES;
        String begin = thoughts == ThoughtFormat.HARMONY
                ? "<|channel|>analysis<|message|>"
                : thoughts.marks().get(0) + (thoughts == ThoughtFormat.GEMMA4 ? "thought" : "");
        String end =
                thoughts == ThoughtFormat.HARMONY ? "<|end|>" : thoughts.marks().get(1);
        String call = calls.write(List.of(ToolCall.of("f", "{\"a\": \"🚀\"}")));
        List<String> some = new ArrayList<>(thoughts.marks());
        some.addAll(List.of(
                begin, begin, end, end, call, call, "Hm. 🚀", " ", "\n", "<", "```\n", begin + "a" + end, " b"));
        int found = 0;
        for (int i = 0; i < 800; i++) {
            String answer = random.ints(1 + random.nextInt(7), 0, some.size())
                    .mapToObj(some::get)
                    .collect(Collectors.joining());
            AnswerForm form = new AnswerForm(thoughts, random.nextBoolean(), calls, List.of());
            ToolAnswer whole = form.read(answer);
            AnswerReader reader = form.reader();
            List<AnswerPart> parts = new ArrayList<>();
            for (int from = 0; from < answer.length(); ) {
                int to = Math.min(answer.length(), from + 1 + random.nextInt(6));
                parts.addAll(reader.add(answer.substring(from, to)));
                from = to;
            }
            parts.addAll(reader.end());
            assertThat(ToolAnswer.of(parts)).as(answer).isEqualTo(whole);
            found += whole.thoughts().isEmpty() || whole.calls().isEmpty() ? 0 : 1;
        }
        assertThat(found).isGreaterThan(30);
    }
}
