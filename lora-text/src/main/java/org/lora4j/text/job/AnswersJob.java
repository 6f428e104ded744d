package org.lora4j.text.job;

import java.util.List;
import org.lora4j.nn.Model;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.chat.DecoderTokens;
import org.lora4j.text.chat.LearnedText;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.task.Task;
import org.lora4j.text.train.DefaultEpochs;
import org.lora4j.text.train.DefaultRate;
import org.lora4j.text.train.TrainableGenerate;

/** Learns the answers of conversations. */
final class AnswersJob extends JobTask<LearnedText> {
    private final DecoderFolder decoder;
    private final DecoderTokens tokens;
    private final int mostTokens;
    private final TrainableGenerate<LearnedText> task;

    AnswersJob(DecoderFolder decoder, int mostTokens) {
        this.decoder = decoder;
        this.mostTokens = mostTokens;
        tokens = decoder.tokens();
        task = TrainableGenerate.ofTexts(decoder.network(), tokens, mostTokens);
    }

    @Override
    List<LearnedText> examples(TextRow row) {
        return tokens.learned(row).stream()
                .filter(text -> text.isLearnable(tokens, Integer.MAX_VALUE))
                .toList();
    }

    /** Nothing is cut: an answer without its end teaches never to end. */
    @Override
    void check(TextRow row, LearnedText example) {
        int found = example.tokens(tokens).length();
        if (found > mostTokens) {
            throw row.refuse("a conversation must have at most " + mostTokens + " tokens, found " + found);
        }
    }

    @Override
    TrainableGenerate<LearnedText> trainable(long seed) {
        return task;
    }

    @Override
    DefaultRate rate() {
        return DefaultRate.LANGUAGE;
    }

    @Override
    DefaultEpochs epochs() {
        return DefaultEpochs.LANGUAGE;
    }

    @Override
    int batchSize() {
        return 4;
    }

    @Override
    Scores scores(Model model, Task served, List<LearnedText> judging) {
        return new Scores.Losses(task.measure(model, judging));
    }

    @Override
    String baseline() {
        return "the model alone";
    }

    @Override
    Scores baseline(List<LearnedText> judging) {
        return scores(decoder.network(), task.task(), judging);
    }
}
