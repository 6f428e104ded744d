package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import org.lora4j.internal.MessageText;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.TextCall;
import org.lora4j.text.task.Tag;
import org.lora4j.text.task.TextTags;
import org.lora4j.text.tokens.TextWords;

/** Finds spans in texts. Offsets count code points, as in Python, unless a request asks for those of UTF-16. */
final class TagEndpoint implements Endpoint {
    private static final int MOST_TEXTS = 1000;
    private static final String UTF16 = "utf16";
    private static final String CODE_POINTS = "code_points";

    private static final FieldRules RULES = new FieldRules(Set.of("model", "input", "offsets"));

    private final ServedModel served;

    TagEndpoint(ServedModel served) {
        this.served = served;
    }

    /** What a request asks for. */
    private record Asked(List<TextWords> texts, Sequences tokens, String offsets) {}

    @Override
    public void answer(TextBody body, String model, Deadline deadline, Answer answer) throws IOException {
        TextCall<List<TextWords>, TextTags> call = served.call(Tag.class, model);
        Asked asked = served.limited(served.adapter(model), body, deadline, () -> read(body.json(RULES), call));
        body.free();
        var found = call.answer(asked.texts, asked.tokens, deadline.options());
        answer.use().tokens(found.tokens(), 0);
        AdapterHeaders.set(answer, found.adapter());
        answer.json(200, written(found, asked, model));
    }

    private static ObjectNode written(org.lora4j.text.Answer<TextTags> found, Asked asked, String model) {
        ObjectNode node = ListedTexts.begin("tag", model).put("offsets", asked.offsets);
        ArrayNode data = node.putArray("data");
        for (TextTags tags : found.values()) {
            TextTags counted = asked.offsets.equals(UTF16) ? tags : tags.inCodePoints();
            ObjectNode one = data.addObject().put("index", data.size() - 1);
            ArrayNode spans = one.putArray("spans");
            counted.spans()
                    .forEach(span -> spans.addObject()
                            .put("start", span.start())
                            .put("end", span.end())
                            .put("label", span.label())
                            .put("score", span.score())
                            .put("text", span.text()));
        }
        return ListedTexts.end(node, found.tokens());
    }

    private static Asked read(JsonBody json, TextCall<List<TextWords>, TextTags> call) {
        json.require("input", "a text or a list of 1 to " + MOST_TEXTS + " texts");
        List<TextWords> texts =
                json.texts("input", MOST_TEXTS).stream().map(TextWords::of).toList();
        String offsets = json.textOrNull("offsets");
        if (offsets != null && !offsets.equals(UTF16) && !offsets.equals(CODE_POINTS)) {
            throw ApiException.field("offsets", CODE_POINTS + " or " + UTF16, MessageText.quote(offsets));
        }
        try {
            return new Asked(texts, call.tokens(texts), offsets == null ? CODE_POINTS : offsets);
        } catch (IllegalArgumentException e) {
            throw ApiException.field("input", String.valueOf(e.getMessage()));
        }
    }
}
