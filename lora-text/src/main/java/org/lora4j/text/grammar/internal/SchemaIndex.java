package org.lora4j.text.grammar.internal;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;

/** Where the schemas of a document are that references name: by a JSON pointer, an anchor, or an identifier. */
final class SchemaIndex {
    /** Keywords with schemas by names of users. */
    private static final Set<String> MAPS =
            Set.of("properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies");

    /** Keywords with a schema or several. */
    private static final Set<String> SCHEMAS = Set.of(
            "items",
            "prefixItems",
            "additionalItems",
            "unevaluatedItems",
            "contains",
            "additionalProperties",
            "unevaluatedProperties",
            "propertyNames",
            "allOf",
            "anyOf",
            "oneOf",
            "not",
            "if",
            "then",
            "else",
            "contentSchema");

    private static final Pattern OLD = Pattern.compile("draft-0[1-7]\\b");

    private static final Pattern FOUR = Pattern.compile("draft-0[1-4]\\b");

    private final JsonNode document;
    private final boolean isOld;
    private final boolean isFour;

    /** The identifiers of schemas, which references are relative to, by their places. */
    private final Map<String, URI> bases = new HashMap<>();

    private final Map<URI, String> places = new HashMap<>();

    /** The places of anchors, by the place of the schema with an identifier that they belong to, and their name. */
    private final Map<String, String> anchors = new HashMap<>();

    private final Set<String> dynamic = new HashSet<>();
    private final Set<String> repeated = new HashSet<>();
    private boolean hasRecursiveAnchor;

    private record Open(JsonNode node, String place, String resource) {}

    SchemaIndex(JsonNode document, Effort effort) {
        this.document = document;
        isOld = OLD.matcher(document.path("$schema").asText()).find();
        isFour = FOUR.matcher(document.path("$schema").asText()).find();
        bases.put("#", URI.create(""));
        places.put(URI.create(""), "#");
        Deque<Open> open = new ArrayDeque<>();
        open.add(new Open(document, "#", "#"));
        while (!open.isEmpty()) {
            effort.spend(1);
            Open one = open.removeLast();
            String resource = add(one);
            one.node().propertyStream().forEach(entry -> {
                Open below = new Open(entry.getValue(), SchemaNode.below(one.place(), entry.getKey()), resource);
                if (MAPS.contains(entry.getKey())) {
                    effort.spend(entry.getValue().size());
                    entry.getValue()
                            .propertyStream()
                            .forEach(schema -> open.add(new Open(
                                    schema.getValue(), SchemaNode.below(below.place(), schema.getKey()), resource)));
                } else if (SCHEMAS.contains(entry.getKey())) {
                    effort.spend(entry.getValue().size());
                    open.add(below);
                    for (int i = 0;
                            entry.getValue().isArray() && i < entry.getValue().size();
                            i++) {
                        open.add(new Open(entry.getValue().get(i), below.place() + "/" + i, resource));
                    }
                }
            });
        }
    }

    /** Whether a reference hides the keywords beside it, as before draft 2019-09. */
    boolean hidesBesideReferences() {
        return isOld;
    }

    /** Whether a number with a fraction of zeros is no whole number, as until draft 4. */
    boolean hasPlainIntegers() {
        return isFour;
    }

    /** Notes the names of a schema, and returns the place of the schema with an identifier that it belongs to. */
    private String add(Open one) {
        JsonNode node = one.node();
        String resource = one.resource();
        boolean isHidden = isOld && node.has("$ref");
        for (String keyword : new String[] {"$id", "id"}) {
            JsonNode id = node.get(keyword);
            if (id == null || !id.isTextual() || isHidden) {
                continue;
            }
            String text = id.asText();
            if (text.startsWith("#")) {
                addAnchor(resource, text.substring(1), one.place());
                continue;
            }
            URI base = resolved(bases.getOrDefault(resource, URI.create("")), withoutFragment(text));
            if (base != null) {
                resource = one.place();
                bases.put(resource, base);
                places.putIfAbsent(base, resource);
            }
        }
        for (String keyword : new String[] {"$anchor", "$dynamicAnchor"}) {
            if (node.path(keyword).isTextual()) {
                addAnchor(resource, node.get(keyword).asText(), one.place());
                if (keyword.equals("$dynamicAnchor")
                        && !dynamic.add(node.get(keyword).asText())) {
                    repeated.add(node.get(keyword).asText());
                }
            }
        }
        hasRecursiveAnchor |= node.path("$recursiveAnchor").asBoolean();
        return resource;
    }

    private void addAnchor(String resource, String name, String place) {
        anchors.putIfAbsent(resource + "#" + name, place);
        // For references of documents whose identifiers are no URIs.
        anchors.putIfAbsent("#" + name, place);
    }

    private static String withoutFragment(String reference) {
        int fragment = reference.indexOf('#');
        return fragment < 0 ? reference : reference.substring(0, fragment);
    }

    private static @Nullable URI resolved(URI base, String reference) {
        try {
            URI uri = new URI(reference);
            return base.toString().isEmpty() ? uri : base.resolve(uri);
        } catch (URISyntaxException e) {
            return null;
        }
    }

    /** The schema that a reference of another one points to. */
    Claim target(SchemaNode node, String keyword) {
        String reference = node.text(keyword);
        if (reference == null
                || (keyword.equals("$recursiveRef") && hasRecursiveAnchor)
                || (keyword.equals("$dynamicRef") && isDynamic(reference))) {
            throw node.refuse(keyword, "must not depend on the schema that refers to it; use '$ref'");
        }
        String resource = node.place();
        while (!bases.containsKey(resource)) {
            resource = resource.substring(0, resource.lastIndexOf('/'));
        }
        String path = withoutFragment(reference);
        if (!path.isEmpty()) {
            URI uri = resolved(bases.getOrDefault(resource, URI.create("")), path);
            String found = uri == null ? null : places.get(uri);
            if (found == null) {
                throw node.refuse(keyword, "must point into this schema, as '#/$defs/name' does");
            }
            resource = found;
        }
        String fragment = decoded(node, keyword, reference.substring(Math.min(reference.length(), path.length() + 1)));
        String place = fragment.isEmpty() || fragment.startsWith("/")
                ? pointed(resource, fragment)
                : anchors.getOrDefault(resource + "#" + fragment, anchors.get("#" + fragment));
        if (place == null) {
            throw SchemaNode.refuse(
                    node.below(keyword),
                    "must point to a schema that is there, to " + MessageText.quote(reference),
                    null);
        }
        return Claim.of(document.at(JsonPointer.compile(place.substring(1))), place);
    }

    private boolean isDynamic(String reference) {
        String name = reference.substring(reference.indexOf('#') + 1);
        return repeated.contains(name) || (dynamic.contains(name) && places.size() > 2);
    }

    /** Some documents have identifiers that are none, so that pointers are relative to the whole document. */
    private @Nullable String pointed(String resource, String pointer) {
        for (String from : new String[] {resource, "#"}) {
            if (!document.at(JsonPointer.compile((from + pointer).substring(1))).isMissingNode()) {
                return from + pointer;
            }
        }
        return null;
    }

    private static String decoded(SchemaNode node, String keyword, String fragment) {
        try {
            return URLDecoder.decode(fragment.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw node.refuse(keyword, "must have escapes of two hexadecimal digits behind '%'");
        }
    }
}
