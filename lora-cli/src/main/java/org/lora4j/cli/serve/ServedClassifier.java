package org.lora4j.cli.serve;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.UsedAdapter;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.Prediction;
import org.lora4j.serve.ServingStats;
import org.lora4j.text.AdapterTask;
import org.lora4j.text.ClassifierHead;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.Labels;
import org.lora4j.text.TextModel;
import org.lora4j.text.TextTokens;

/** A model that gives texts classes: its own, or those of adapters, each with labels of its own. */
final class ServedClassifier extends ServedModel {
    private final TextModel opened;

    /** What makes tokens for a decoder; null for an encoder, which does so itself. */
    private final @Nullable TextTokens tokens;

    private final BatchingPredictor predictor;

    /** The labels of the model alone; null if it has no classifier. */
    private final @Nullable Labels ownLabels;

    private final @Nullable LabelledAdapters adapters;

    private ServedClassifier(Settings settings, TextModel opened, @Nullable TextTokens tokens) throws IOException {
        super(settings, opened);
        this.opened = opened;
        this.tokens = tokens;
        PretrainedModel model = opened.model();
        ClassifierHead headOfPeft = ClassifierHead.ofPeft(model);
        ClassifierHead brought = ClassifierHeads.common(adapterFolders(), headOfPeft);
        ClassifierHead head = brought == null ? headOfPeft : brought;
        boolean hasOwn = model.hasClassifier() && head == headOfPeft;
        if (!hasOwn && (settings.allowBase() || brought == null)) {
            throw new IllegalArgumentException(settings.model()
                    + ": the model must have a classifier to be served alone, found none; serve it without --allow-base,"
                    + " with adapters of 'lora classify', which bring one");
        }
        Network network = hasOwn ? model.classifier() : ClassifierHeads.replaced(model, head);
        ownLabels = hasOwn ? Labels.read(ModelSource.of(settings.model()), network.outputSize()) : null;
        Path folder = settings.adapters();
        adapters = folder == null
                ? null
                : new LabelledAdapters(
                        folder,
                        head,
                        headOfPeft,
                        (tokens == null ? opened.tokenizer() : tokens.tokenizer()).maxTokens(),
                        settings.limits().adapters());
        LoRAModel adapted = LoRAModel.of(network);
        predictor = adapters == null ? predictor(adapted) : predictor(adapted, adapters);
    }

    static ServedModel openClassifier(Settings settings) throws IOException {
        ModelSource files = ModelSource.of(settings.model());
        ModelConfig config = ModelConfig.read(files);
        OptionalInt limit = settings.maxTokens().isPresent() ? settings.maxTokens() : limit(settings.adapters());
        TextModel model = config.isDecoder()
                ? DecoderFolder.open(files, settings.storage())
                : EncoderFolder.open(files, limit, settings.storage());
        return serve(settings, model, (of, opened) -> {
            TextTokens tokens = config.isDecoder() ? TextTokens.ofDecoder(files, config, limit) : null;
            try {
                return new ServedClassifier(of, opened, tokens);
            } catch (IOException | RuntimeException e) {
                if (tokens != null) {
                    tokens.close();
                }
                throw e;
            }
        });
    }

    /** Where the adapters cut texts; nothing if they do not say it. */
    private static OptionalInt limit(@Nullable Path adapters) throws IOException {
        if (adapters == null) {
            return OptionalInt.empty();
        }
        Set<Integer> found = new HashSet<>();
        for (String name : AdapterFolder.open(adapters).list().keySet()) {
            AdapterTask.read(adapters.resolve(name))
                    .map(AdapterTask::limit)
                    .ifPresent(limit -> limit.ifPresent(found::add));
        }
        if (found.size() > 1) {
            throw new IOException(adapters + ": the adapters of one served model must cut texts at one place, found "
                    + found + " tokens; serve them apart");
        }
        return found.stream().mapToInt(Integer::intValue).findFirst();
    }

    /**
     * Returns the tokens of texts.
     *
     * @throws IllegalArgumentException if a text has none
     */
    Sequences tokens(List<String> texts) {
        return tokens == null ? ((EncoderFolder) opened).tokens(texts) : tokens.tokens(texts);
    }

    Prediction classify(Sequences texts, String adapter, Deadline deadline) {
        return predictor.prediction(texts, adapter, deadline.options());
    }

    /**
     * Returns the labels of what computed a prediction.
     *
     * @throws ApiException if the adapter was replaced so often since then that they are not known any more
     */
    Labels labels(Prediction prediction) {
        UsedAdapter used = prediction.adapter();
        Labels found = used == null ? ownLabels : adapters == null ? null : adapters.labels(used);
        if (found == null) {
            throw ApiException.of(503, "adapter_unavailable", "the adapter was replaced; ask again");
        }
        return found;
    }

    @Override
    Map<String, Endpoint> endpoints() {
        Endpoint endpoint = new ClassifyEndpoint(this);
        return Map.of("/v1/classify", endpoint, "/classify", endpoint);
    }

    @Override
    ServingStats stats() {
        return predictor.stats();
    }

    @Override
    void closeModel() {
        predictor.close();
        if (tokens != null) {
            tokens.close();
        }
    }
}
