package org.lora4j.text.grammar.internal;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A schema that a value must fit, or must not fit.
 *
 * @param schema an object, true or false
 * @param place where it is in the document; a place has one schema
 * @param isTrue whether the value must fit
 */
record Claim(JsonNode schema, String place, boolean isTrue) {
    /** No value fits. */
    static final Claim NEVER = new Claim(BooleanNode.FALSE, "", true);

    static Claim of(JsonNode schema, String place) {
        return new Claim(schema, place, true);
    }

    /** The schema of a keyword that is there. */
    static Claim of(SchemaNode node, String keyword) {
        JsonNode schema = node.get(keyword);
        if (schema == null) {
            throw new IllegalStateException("keyword " + keyword + " must be there");
        }
        return of(schema, node.below(keyword));
    }

    /** The schemas of a keyword that has a list of them. */
    static List<Claim> allOf(SchemaNode node, String keyword) {
        List<JsonNode> schemas = node.list(keyword);
        List<Claim> claims = new ArrayList<>();
        for (int i = 0; i < schemas.size(); i++) {
            claims.add(of(schemas.get(i), node.below(keyword) + "/" + i));
        }
        return claims;
    }

    Claim negated() {
        return new Claim(schema, place, !isTrue);
    }

    /** Whether every value fits. */
    boolean isAlways() {
        return isTrue ? isTrivial(true) : isTrivial(false);
    }

    /** Whether it is plain that no value fits. */
    boolean isNever() {
        return isTrue ? isTrivial(false) : isTrivial(true);
    }

    private boolean isTrivial(boolean truth) {
        return schema.isBoolean()
                ? schema.asBoolean() == truth
                : truth
                        && schema.isObject()
                        && schema.propertyStream().allMatch(one -> SchemaNode.isSilent(one.getKey()));
    }

    /** Whether it is what another schema says. */
    boolean isReference() {
        return SchemaNode.REFERENCES.stream().anyMatch(schema::has);
    }

    private String key() {
        return (isTrue ? "+" : "-") + place;
    }

    /** Each claim once, in the order of the first, without those that say nothing; {@link #NEVER} alone if it is among them. */
    static List<Claim> reduced(List<Claim> claims) {
        Map<String, Claim> different = new LinkedHashMap<>();
        for (Claim claim : claims) {
            if (claim.isNever()) {
                return List.of(NEVER);
            }
            if (!claim.isAlways()) {
                different.putIfAbsent(claim.key(), claim);
            }
        }
        return new ArrayList<>(different.values());
    }

    /** A text that only the same claims in the same order have. */
    static String key(List<Claim> claims) {
        return claims.stream().map(Claim::key).collect(Collectors.joining("\n"));
    }
}
