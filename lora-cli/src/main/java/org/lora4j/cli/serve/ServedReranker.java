package org.lora4j.cli.serve;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.lora4j.LoRAModel;
import org.lora4j.io.ModelSource;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.serve.AdapterSource;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.Prediction;
import org.lora4j.serve.ServingStats;
import org.lora4j.text.ClassifierHead;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.PairScorer;
import org.lora4j.text.TextModel;
import org.lora4j.text.TextPair;

/** A reranker, which scores how well documents fit a query. */
final class ServedReranker extends ServedModel {
    private final PairScorer scorer;
    private final ClassifierHead head;
    private final BatchingPredictor predictor;

    private ServedReranker(Settings settings, TextModel opened) throws IOException {
        super(settings, opened);
        scorer = PairScorer.of(opened, settings.maxTokens());
        boolean isDecoder = opened instanceof DecoderFolder;
        ClassifierHead own = isDecoder ? ClassifierHead.YES_NO : ClassifierHead.POOLER;
        ClassifierHead brought = ClassifierHeads.common(adapterFolders(), own);
        head = brought == null ? own : brought;
        boolean hasOwn = isDecoder || (opened.model().hasClassifier() && head == own);
        if (!hasOwn && (settings.allowBase() || brought == null)) {
            throw new IllegalArgumentException(settings.model()
                    + ": the model must have a classifier of one output to be served alone, found none; serve it without"
                    + " --allow-base, with adapters of 'lora rerank', which bring one");
        }
        LoRAModel model = LoRAModel.of(hasOwn ? scorer.network() : ClassifierHeads.replaced(opened.model(), head));
        long outputs = model.base().outputSize();
        if (outputs != 1) {
            throw new IllegalArgumentException(settings.model()
                    + ": the model must have a classifier of one output for scores, found " + outputs
                    + " outputs; use --classify for the classes");
        }
        Path folder = settings.adapters();
        predictor = folder == null ? predictor(model) : predictor(model, sameHead(folder, own, head));
    }

    /** Refuses adapters whose classifier reads something else than that of the served network. */
    private static AdapterSource sameHead(Path folder, ClassifierHead own, ClassifierHead head) {
        AdapterSource folders = AdapterSource.of(folder);
        return (name, base, options) -> {
            Path adapter = folder.resolve(name);
            return PeftAdapters.readWhole(adapter, () -> {
                ClassifierHeads.requireSame(adapter, ClassifierHeads.of(adapter, own), head);
                return folders.load(name, base, options);
            });
        };
    }

    static ServedModel openReranker(Settings settings) throws IOException {
        ModelSource files = ModelSource.of(settings.model());
        TextModel model = ModelConfig.read(files).isDecoder()
                ? DecoderFolder.open(files, settings.storage())
                : EncoderFolder.open(files, settings.maxTokens(), settings.storage());
        return serve(settings, model, ServedReranker::new);
    }

    Sequences pairs(List<TextPair> pairs) {
        return scorer.pairs(pairs);
    }

    Prediction score(Sequences pairs, String adapter, Deadline deadline) {
        return predictor.prediction(pairs, adapter, deadline.options());
    }

    @Override
    Map<String, Endpoint> endpoints() {
        Endpoint endpoint = new RerankEndpoint(this);
        return Map.of("/v1/rerank", endpoint, "/v2/rerank", endpoint);
    }

    @Override
    ServingStats stats() {
        return predictor.stats();
    }

    @Override
    void closeModel() {
        predictor.close();
    }
}
