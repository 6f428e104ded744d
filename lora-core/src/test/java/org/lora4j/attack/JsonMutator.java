package org.lora4j.attack;

import java.util.List;
import java.util.SplittableRandom;
import org.lora4j.attack.JsonSpans.Span;

/** Changes a JSON text in one place: a value, a key or a member, most often so that it stays JSON. */
final class JsonMutator {
    /** Texts that end or begin something in one of the formats, without quotes. */
    private static final List<String> TEXTS = List.of(
            "",
            "\\u0000",
            "\\ud800",
            "\\u202e",
            "\\uD83D\\uDE00",
            "é",
            "x".repeat(5_000),
            "__metadata__",
            "F32",
            "F64",
            "F16",
            "BF16",
            "F8_E4M3",
            "BOOL",
            "I64",
            "LORA",
            "all",
            "lora_only",
            "all-linear",
            "pissa",
            "gaussian",
            "dtype",
            "shape",
            "data_offsets",
            "linear1",
            "linear2",
            "linear1.weight",
            "base_model.model.linear1.lora_A.weight",
            "base_model.model.linear2.lora_B.weight",
            "base_model.model..lora_A.weight",
            "0/linear1.weight/updater",
            "1/",
            "lora4j.seed",
            "(a|b)*",
            "(.?){0,40}(.?){0,40}(.?){0,40}",
            "(((((a*)*)*)*)*)*b",
            "\\\\Qlinear1",
            ".*\\\\.(q|v)_proj",
            "(?=linear)linear[12]",
            "[",
            "(?<n>a)\\\\k<n>",
            "relu",
            "softmax",
            "linear",
            "activation",
            "DOUBLE",
            "c",
            "f",
            "/",
            "..");

    private static final List<String> VALUES = List.of(
            "null",
            "true",
            "false",
            "0",
            "-0",
            "-1",
            "1",
            "2",
            "3",
            "2.0",
            "0.5",
            "1e0",
            "1e15",
            "-1e14",
            "1e308",
            "-1e308",
            "1e999",
            "1e-400",
            "NaN",
            "Infinity",
            "2147483647",
            "2147483648",
            "4294967296",
            "9223372036854775807",
            "9223372036854775808",
            "-9223372036854775808",
            "18446744073709551616",
            "1" + "0".repeat(900),
            "1" + "0".repeat(2_000),
            "1e1000000000",
            "[]",
            "{}",
            "[[]]",
            "[null]",
            "[0]",
            "[0,0]",
            "[2,6]",
            "[\"linear1\",\"linear2\"]",
            "[\"linear1\",\"linear1\"]",
            "{\"linear1\":1}",
            "{\"linear1\":1e300}",
            "{\"linear.\":2147483647}");

    private static final List<String> CONFIG_KEYS = List.of(
            "r",
            "lora_alpha",
            "target_modules",
            "exclude_modules",
            "rank_pattern",
            "alpha_pattern",
            "layers_pattern",
            "layers_to_transform",
            "modules_to_save",
            "use_dora",
            "use_rslora",
            "lora_bias",
            "bias",
            "init_lora_weights",
            "fan_in_fan_out",
            "lora_dropout",
            "layer_replication",
            "peft_type");

    private final SplittableRandom random;

    JsonMutator(SplittableRandom random) {
        this.random = random;
    }

    String mutate(String text) {
        JsonSpans spans = JsonSpans.of(text);
        if (spans.values().isEmpty()) {
            return value();
        }
        Span value = any(spans.values());
        return switch (random.nextInt(12)) {
            case 0, 1, 2 -> replace(text, value, value());
            case 3 -> replace(text, value, number(value.of(text)));
            case 4 -> replace(text, value, any(spans.values()).of(text));
            case 5 -> replace(text, value, nested(value.of(text)));
            case 6 -> spans.keys().isEmpty() ? text : replace(text, any(spans.keys()), quoted());
            case 7 -> spans.members().isEmpty() ? text : twice(text, any(spans.members()));
            case 8 -> spans.members().isEmpty() ? text : without(text, any(spans.members()));
            case 9 -> text.replaceFirst("\\{", "{" + jsonForReplacement(key() + ":" + value() + ","));
            case 10 ->
                spans.members().isEmpty()
                        ? text
                        : replace(
                                text, any(spans.members()), any(spans.members()).of(text));
            default -> replace(text, value, many(value.of(text)));
        };
    }

    /** A value of any kind. */
    String value() {
        return random.nextInt(3) == 0 ? quoted() : any(VALUES);
    }

    /** A name, without quotes and escapes. */
    String name() {
        return any(TEXTS).replaceAll("\\\\u....", "\u0000").replace("\\\\", "\\");
    }

    private String quoted() {
        return '"' + any(TEXTS) + '"';
    }

    private String key() {
        return random.nextBoolean() ? quoted() : '"' + any(CONFIG_KEYS) + '"';
    }

    private static String jsonForReplacement(String json) {
        return json.replace("\\", "\\\\").replace("$", "\\$");
    }

    /** A number near another one. */
    private String number(String text) {
        if (!text.matches("-?\\d{1,15}")) {
            return value();
        }
        long number = Long.parseLong(text);
        return Long.toString(
                switch (random.nextInt(5)) {
                    case 0 -> number + 1;
                    case 1 -> number - 1;
                    case 2 -> -number;
                    case 3 -> number * 2;
                    default -> number + (1L << random.nextInt(62));
                });
    }

    private String nested(String value) {
        int depth = random.nextInt(10) == 0 ? 20_000 : 1 + random.nextInt(60);
        return random.nextBoolean()
                ? "[".repeat(depth) + value + "]".repeat(depth)
                : "{\"a\":".repeat(depth) + value + "}".repeat(depth);
    }

    private String many(String value) {
        int count = 1 + random.nextInt(value.length() < 100 ? 2_000 : 20);
        String list = (value + ",").repeat(count);
        return "[" + list + value + "]";
    }

    private static String twice(String text, Span member) {
        return text.substring(0, member.end()) + "," + text.substring(member.start());
    }

    private static String without(String text, Span member) {
        int end = member.end() < text.length() && text.charAt(member.end()) == ',' ? member.end() + 1 : member.end();
        return text.substring(0, member.start()) + text.substring(end);
    }

    private static String replace(String text, Span span, String other) {
        return text.substring(0, span.start()) + other + text.substring(span.end());
    }

    private <T> T any(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }
}
