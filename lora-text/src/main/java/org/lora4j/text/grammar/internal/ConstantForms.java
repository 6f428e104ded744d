package org.lora4j.text.grammar.internal;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** The texts of values that are given. */
final class ConstantForms {
    private final Expressions all;
    private final JsonForms forms;
    private final NumberForms numbers;
    private final boolean isAnyOrder;

    /**
     * Creates an instance.
     *
     * @param isAnyOrder whether the properties of objects come in any order
     */
    ConstantForms(Expressions all, JsonForms forms, NumberForms numbers, boolean isAnyOrder) {
        this.all = all;
        this.forms = forms;
        this.numbers = numbers;
        this.isAnyOrder = isAnyOrder;
    }

    Expression of(JsonNode value) {
        all.effort().spend(1 + value.size());
        return switch (value.getNodeType()) {
            case STRING -> forms.string(forms.spelling().text(value.asText()));
            case NUMBER -> numbers.literal(value);
            case ARRAY -> array(value);
            case OBJECT -> object(value);
            default -> all.literal(value.toString());
        };
    }

    private Expression array(JsonNode array) {
        List<Expression> elements = new ArrayList<>();
        array.forEach(element -> elements.add(of(element)));
        return all.sequence(all.literal("["), inOrder(elements), all.literal("]"));
    }

    private Expression object(JsonNode object) {
        List<Expression> pairs = new ArrayList<>();
        object.properties()
                .forEach(entry -> pairs.add(
                        forms.pair(forms.string(forms.spelling().text(entry.getKey())), of(entry.getValue()))));
        return all.sequence(
                all.literal("{"),
                isAnyOrder && pairs.size() > 1 ? inAnyOrder(pairs) : inOrder(pairs),
                all.literal("}"));
    }

    private Expression inOrder(List<Expression> parts) {
        List<Expression> divided = new ArrayList<>();
        for (Expression part : parts) {
            if (!divided.isEmpty()) {
                divided.add(forms.comma());
            }
            divided.add(part);
        }
        return all.sequence(divided);
    }

    private Expression inAnyOrder(List<Expression> pairs) {
        BitSet required = new BitSet();
        required.set(0, pairs.size());
        return all.members(new MemberProperties(pairs, required, all.never(), forms.comma(), 0, Repeat.UNBOUNDED));
    }
}
