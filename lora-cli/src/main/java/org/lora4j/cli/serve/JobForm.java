package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.serve.files.FileStore;
import org.lora4j.cli.serve.files.StoredFile;
import org.lora4j.internal.MessageText;
import org.lora4j.text.job.Hyperparameters;
import org.lora4j.text.job.JobMethod;
import org.lora4j.text.job.JobRequest;
import org.lora4j.text.job.Promotion;

/** Reads the body of a request for a job. A field that would change something and is not supported is refused by its name. */
final class JobForm {
    private static final FieldRules RULES = FieldRules.only(Set.of(
            "model",
            "training_file",
            "validation_file",
            "suffix",
            "seed",
            "metadata",
            "method",
            "hyperparameters",
            "integrations",
            "serve_as",
            "promote"));

    private static final Pattern SUFFIX = Pattern.compile("[A-Za-z0-9_-]{1,64}");
    /** Names that say the form of the rows, or that it is none that can be read. */
    private static final Pattern TELLING =
            Pattern.compile("(?i).*\\.((jsonl|csv|tsv)(\\.gz)?|xlsx|xls|ods)", Pattern.DOTALL);

    private static final String PURPOSE = "fine-tune";
    private static final int MOST_METADATA = 16;
    private static final int LONGEST_KEY = 64;
    private static final int LONGEST_VALUE = 512;

    private final FileStore files;
    private final String base;

    /**
     * Creates the form.
     *
     * @param base the name of the model that is trained
     */
    JobForm(FileStore files, String base) {
        this.files = files;
        this.base = base;
    }

    /** Returns the bytes of the files of a request, which a job copies. */
    long bytes(Client client, JsonBody body) {
        StoredFile validation = body.get("validation_file") == null ? null : file(client, body, "validation_file");
        return file(client, body, "training_file").bytes() + (validation == null ? 0 : validation.bytes());
    }

    /**
     * Reads a body.
     *
     * @throws ApiException if a field is wrong
     */
    static JsonBody parse(TextBody body) {
        return body.json(RULES);
    }

    /**
     * Makes the request of a body.
     *
     * @throws ApiException if a field is wrong
     */
    JobRequest request(Client client, JsonBody body) {
        requireBase(body.text("model"));
        StoredFile training = file(client, body, "training_file");
        StoredFile validation = body.get("validation_file") == null ? null : file(client, body, "validation_file");
        Method method = Method.of(body);
        JobRequest.Builder builder = JobRequest.of(
                        method.method, client.owner(), files.content(training), rowsName(training))
                .hyperparameters(method.hyperparameters)
                .seed(body.whole("seed", ThreadLocalRandom.current().nextInt(Integer.MAX_VALUE), 0, Integer.MAX_VALUE));
        if (validation != null) {
            builder.validation(files.content(validation), rowsName(validation));
        }
        JsonNode integrations = body.get("integrations");
        if (integrations != null && !integrations.isEmpty()) {
            throw ApiException.unsupported(
                    "integrations", "integrations are not supported: they must be empty or absent, found some");
        }
        serveAs(body, builder);
        String org = client.equals(Client.ANYONE) ? "local" : client.name();
        builder.properties(new JobFacts(
                        base,
                        org,
                        suffix(body),
                        training.id(),
                        validation == null ? null : validation.id(),
                        metadata(body))
                .properties());
        return builder.build();
    }

    private void requireBase(String model) {
        if (!model.equals(base)) {
            throw ApiException.field(
                    "model", MessageText.quote(base) + ", which this server trains", MessageText.quote(model));
        }
    }

    private StoredFile file(Client client, JsonBody body, String field) {
        String id = body.text(field);
        StoredFile file = files.find(client.owner(), id)
                .orElseThrow(() -> ApiException.field(field, "the id of a file of this key", MessageText.quote(id)));
        if (!file.purpose().equals(PURPOSE)) {
            throw ApiException.field(
                    field, "a file with the purpose " + PURPOSE, "one with " + MessageText.quote(file.purpose()));
        }
        return file;
    }

    /** The ending says the form of the rows. Clients of OpenAI need none. */
    private static String rowsName(StoredFile file) {
        String name = file.filename();
        return TELLING.matcher(name).matches() ? name : name + ".jsonl";
    }

    private static String suffix(JsonBody body) {
        String suffix = body.textOrNull("suffix");
        if (suffix != null && !SUFFIX.matcher(suffix).matches()) {
            throw ApiException.field("suffix", "1 to 64 letters, digits, - and _", MessageText.quote(suffix));
        }
        return suffix == null ? "" : suffix;
    }

    private static Map<String, String> metadata(JsonBody body) {
        JsonNode node = body.get("metadata");
        Map<String, String> metadata = new LinkedHashMap<>();
        if (node == null) {
            return metadata;
        }
        String rule = "an object with at most " + MOST_METADATA + " texts of at most " + LONGEST_VALUE
                + " characters, by names of at most " + LONGEST_KEY;
        if (!node.isObject() || node.size() > MOST_METADATA) {
            throw JsonBody.wrong("metadata", rule, node);
        }
        for (Map.Entry<String, JsonNode> one : node.properties()) {
            boolean fits = one.getKey().length() <= LONGEST_KEY
                    && one.getValue().isTextual()
                    && one.getValue().textValue().length() <= LONGEST_VALUE;
            if (!fits) {
                throw JsonBody.wrong("metadata", rule, one.getValue());
            }
            metadata.put(one.getKey(), one.getValue().textValue());
        }
        return metadata;
    }

    private static void serveAs(JsonBody body, JobRequest.Builder builder) {
        String name = body.textOrNull("serve_as");
        String when = body.textOrNull("promote");
        if (name == null) {
            if (when != null) {
                throw ApiException.field("promote", "absent without serve_as", MessageText.quote(when));
            }
            return;
        }
        try {
            builder.serveAs(name, promotion(when));
        } catch (IllegalArgumentException e) {
            throw ApiException.field("serve_as", String.valueOf(e.getMessage()));
        }
    }

    private static Promotion promotion(@Nullable String when) {
        for (Promotion one : Promotion.values()) {
            if (one.name().toLowerCase(Locale.ROOT).equals(when)) {
                return one;
            }
        }
        if (when != null) {
            throw ApiException.field("promote", "always, if_better or never", MessageText.quote(when));
        }
        return Promotion.IF_BETTER;
    }

    /** How a job trains. */
    private record Method(JobMethod method, Hyperparameters hyperparameters) {
        private static final String HYPERPARAMETERS = "hyperparameters";
        private static final int MOST_EPOCHS = 50;
        private static final int MOST_ROWS = 256;
        private static final double MOST_MULTIPLIER = 1_000;
        private static final double MOST_BETA = 2;

        static Method of(JsonBody body) {
            JsonNode node = body.get("method");
            JsonNode old = body.get(HYPERPARAMETERS);
            if (node == null) {
                return new Method(JobMethod.SUPERVISED, values(JobMethod.SUPERVISED, old));
            }
            JsonNode type = node.path("type");
            if (!type.isTextual()) {
                throw JsonBody.wrong("method", "an object with a type", node);
            }
            JobMethod method = method(type.textValue());
            JsonNode own = null;
            for (Map.Entry<String, JsonNode> field : node.properties()) {
                String name = field.getKey();
                if (name.equals(method.text())) {
                    own = settings(name, field.getValue());
                } else if (!name.equals("type") && !field.getValue().isNull()) {
                    throw ApiException.unsupported(
                            "method." + MessageText.shorten(name),
                            "method must have type and " + method.text() + ", found " + MessageText.quote(name));
                }
            }
            if (own != null && old != null && !own.equals(old)) {
                throw ApiException.field(
                        HYPERPARAMETERS, "absent, or the same as those of method", MessageText.quote(old.toString()));
            }
            return new Method(method, values(method, own == null ? old : own));
        }

        private static JobMethod method(String type) {
            try {
                return JobMethod.of(type);
            } catch (IllegalArgumentException e) {
                throw ApiException.field("method", String.valueOf(e.getMessage()));
            }
        }

        /** The hyperparameters in an object of the method, which has nothing else; null for none. */
        private static @Nullable JsonNode settings(String method, JsonNode node) {
            if (node.isNull()) {
                return null;
            }
            if (!node.isObject()) {
                throw JsonBody.wrong("method." + method, "an object", node);
            }
            for (Map.Entry<String, JsonNode> field : node.properties()) {
                if (!field.getKey().equals(HYPERPARAMETERS) && !field.getValue().isNull()) {
                    throw ApiException.unsupported(
                            "method." + method + "." + MessageText.shorten(field.getKey()),
                            "method." + method + " must have hyperparameters alone, found "
                                    + MessageText.quote(field.getKey()));
                }
            }
            JsonNode found = node.path(HYPERPARAMETERS);
            return found.isMissingNode() || found.isNull() ? null : found;
        }

        private static Hyperparameters values(JobMethod method, @Nullable JsonNode node) {
            if (node == null) {
                return Hyperparameters.AUTO;
            }
            if (!node.isObject()) {
                throw JsonBody.wrong(HYPERPARAMETERS, "an object", node);
            }
            Set<String> known = new TreeSet<>(Set.of("n_epochs", "batch_size", "learning_rate_multiplier"));
            if (method == JobMethod.DPO) {
                known.add("beta");
            }
            for (Map.Entry<String, JsonNode> field : node.properties()) {
                if (!known.contains(field.getKey()) && !field.getValue().isNull()) {
                    throw ApiException.unsupported(
                            MessageText.shorten(field.getKey()),
                            "hyperparameters of " + method.text() + " must be of " + known + ", found "
                                    + MessageText.quote(field.getKey()));
                }
            }
            return new Hyperparameters(
                    whole(node, "n_epochs", MOST_EPOCHS),
                    whole(node, "batch_size", MOST_ROWS),
                    number(node, "learning_rate_multiplier", MOST_MULTIPLIER),
                    number(node, "beta", MOST_BETA));
        }

        private static @Nullable JsonNode value(JsonNode node, String name) {
            JsonNode value = node.path(name);
            return value.isMissingNode() || value.isNull() || Objects.equals(value.textValue(), "auto") ? null : value;
        }

        private static @Nullable Integer whole(JsonNode node, String name, int most) {
            JsonNode value = value(node, name);
            if (value == null) {
                return null;
            }
            if (!value.isIntegralNumber()
                    || !value.canConvertToInt()
                    || value.intValue() < 1
                    || value.intValue() > most) {
                throw JsonBody.wrong(name, "auto or a whole number from 1 to " + most, value);
            }
            return value.intValue();
        }

        private static @Nullable Double number(JsonNode node, String name, double most) {
            JsonNode value = value(node, name);
            if (value == null) {
                return null;
            }
            if (!value.isNumber() || !(value.doubleValue() > 0 && value.doubleValue() <= most)) {
                throw JsonBody.wrong(name, "auto or a number above 0 and at most " + most, value);
            }
            return value.doubleValue();
        }
    }
}
