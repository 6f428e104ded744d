package org.lora4j.io.peft;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;

/** The fields of a JSON object by name and type. A value of another type is recorded as a problem, and its default returned. */
final class ConfigFields {
    private final JsonNode object;
    private final List<String> problems;
    private final Map<String, JsonNode> rest = new LinkedHashMap<>();

    ConfigFields(JsonNode object, List<String> problems) {
        this.object = object;
        this.problems = problems;
        object.properties().forEach(field -> rest.put(field.getKey(), field.getValue()));
    }

    /** The fields that were not read yet. */
    Map<String, JsonNode> rest() {
        return rest;
    }

    /** The field, or empty if it is absent or null, which means PEFT's default. */
    Optional<JsonNode> optional(String key) {
        rest.remove(key);
        JsonNode node = object.get(key);
        return node == null || node.isNull() ? Optional.empty() : Optional.of(node);
    }

    private Optional<JsonNode> field(String key, String expected, Predicate<JsonNode> isExpected) {
        return optional(key).flatMap(node -> checked(key, node, expected, isExpected));
    }

    private Optional<JsonNode> checked(String key, JsonNode node, String expected, Predicate<JsonNode> isExpected) {
        if (isExpected.test(node)) {
            return Optional.of(node);
        }
        refuse(key, expected, node);
        return Optional.empty();
    }

    /** Records a value that is not as it must be. */
    void refuse(String key, String expected, JsonNode found) {
        problems.add(key + " must be " + expected + ", found " + MessageText.quote(found.toString()));
    }

    int integer(String key, int otherwise) {
        return field(key, "an integer of 32 bits", ConfigFields::isInt)
                .map(JsonNode::intValue)
                .orElse(otherwise);
    }

    double number(String key, double otherwise) {
        return field(key, "a number", JsonNode::isNumber)
                .map(JsonNode::doubleValue)
                .orElse(otherwise);
    }

    boolean truth(String key, boolean otherwise) {
        return field(key, "true or false", JsonNode::isBoolean)
                .map(JsonNode::booleanValue)
                .orElse(otherwise);
    }

    String text(String key, String otherwise) {
        return field(key, "a string", JsonNode::isTextual)
                .map(JsonNode::textValue)
                .orElse(otherwise);
    }

    /** A string; null if it is absent, or something else that says nothing. */
    @Nullable
    String textOrNull(String key) {
        return optional(key)
                .filter(JsonNode::isTextual)
                .map(JsonNode::textValue)
                .orElse(null);
    }

    static boolean isIntegers(JsonNode node) {
        return isListOf(node, ConfigFields::isInt);
    }

    static List<Integer> toIntegers(JsonNode list) {
        List<Integer> integers = new ArrayList<>();
        list.forEach(element -> integers.add(element.intValue()));
        return integers;
    }

    /** A list of strings; empty if it is absent or null. */
    List<String> texts(String key) {
        return optional(key)
                .flatMap(node -> checked(key, node, "a list of strings", ConfigFields::isTexts))
                .map(ConfigFields::toTexts)
                .orElse(List.of());
    }

    static boolean isTexts(JsonNode node) {
        return isListOf(node, JsonNode::isTextual);
    }

    static List<String> toTexts(JsonNode list) {
        List<String> texts = new ArrayList<>();
        list.forEach(element -> texts.add(element.textValue()));
        return texts;
    }

    /** A string, or a list of strings; empty if it is absent or null. */
    List<String> textOrTexts(String key) {
        return optional(key)
                .flatMap(node -> checked(key, node, "a string or a list of strings", n -> n.isTextual() || isTexts(n)))
                .map(node -> node.isTextual() ? List.of(node.textValue()) : toTexts(node))
                .orElse(List.of());
    }

    /** An integer, or a list of integers; empty if it is absent or null. */
    List<Integer> integerOrIntegers(String key) {
        List<Integer> integers = new ArrayList<>();
        optional(key)
                .flatMap(node -> checked(key, node, "an integer or a list of integers", n -> isInt(n) || isIntegers(n)))
                .ifPresent(node -> integers.addAll(node.isArray() ? toIntegers(node) : List.of(node.intValue())));
        return integers;
    }

    /** Integers by string, in order; empty if the field is absent or null. */
    Map<String, Integer> integers(String key) {
        Map<String, Integer> integers = new LinkedHashMap<>();
        optional(key)
                .flatMap(node -> checked(key, node, "an object of integers", n -> isObjectOf(n, ConfigFields::isInt)))
                .ifPresent(node -> node.properties()
                        .forEach(field ->
                                integers.put(field.getKey(), field.getValue().intValue())));
        return integers;
    }

    /** Numbers by string, in order; empty if the field is absent or null. */
    Map<String, Double> numbers(String key) {
        Map<String, Double> numbers = new LinkedHashMap<>();
        optional(key)
                .flatMap(node -> checked(key, node, "an object of numbers", n -> isObjectOf(n, JsonNode::isNumber)))
                .ifPresent(node -> node.properties()
                        .forEach(field ->
                                numbers.put(field.getKey(), field.getValue().doubleValue())));
        return numbers;
    }

    private static boolean isInt(JsonNode node) {
        return node.isNumber() && node.canConvertToInt() && node.canConvertToExactIntegral();
    }

    private static boolean isListOf(JsonNode node, Predicate<JsonNode> isElement) {
        return node.isArray() && all(node, isElement);
    }

    static boolean isObjectOf(JsonNode node, Predicate<JsonNode> isElement) {
        return node.isObject() && all(node, isElement);
    }

    private static boolean all(JsonNode container, Predicate<JsonNode> isElement) {
        for (JsonNode element : container) {
            if (!isElement.test(element)) {
                return false;
            }
        }
        return true;
    }
}
