package org.lora4j.example.text.tickets;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.example.text.MiniLm;
import org.lora4j.nn.NativeThreads;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.data.EpochBatches;
import org.lora4j.text.data.Labels;
import org.lora4j.text.data.TaggedText;
import org.lora4j.text.data.TextSpan;
import org.lora4j.text.metrics.PairedDifference;
import org.lora4j.text.metrics.PrecisionRecall;
import org.lora4j.text.metrics.TagMetrics;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.Tag;
import org.lora4j.text.task.TaskFile;
import org.lora4j.text.tokens.TagScheme;
import org.lora4j.text.tokens.TagSpan;
import org.lora4j.text.train.TagProbe;
import org.lora4j.text.train.TaggedTexts;
import org.lora4j.text.train.TrainableTag;
import org.lora4j.train.AdamW;
import org.lora4j.train.LinearWarmupSchedule;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.TrainingResult;

/**
 * Personal data in one file: an encoder learns with LoRA to find names, addresses and numbers in tickets of a support desk, beside regular
 * expressions and the same encoder as it is, and masks them.
 */
@SuppressWarnings("try") // the variable of the threads is not read
public final class TicketsLoRA {
    /** The way of the adapter. */
    static final String LORA = "LoRA";

    static final int TRAINED = 3_000;
    static final int TESTED = 500;
    static final int STEPS = 400;

    private static final int BATCH = 16;
    private static final TagScheme SCHEME = TagScheme.IOB2;

    private TicketsLoRA() {}

    /**
     * Runs the story, in some minutes with two processors.
     *
     * @param args the folder for the model and the adapter
     * @throws IOException if a file cannot be read or written
     */
    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args.length > 0 ? args[0] : "text-tickets-run");
        try (NativeThreads threads = NativeThreads.forEngine()) {
            run(folder, TRAINED, TESTED, STEPS, 1, System.out);
        }
    }

    static void run(Path folder, int trained, int tested, int steps, long seed, PrintStream out) throws IOException {
        // 1. Make the tickets. The test has other names, streets, cities and words, and half of its tickets other
        // sentences.
        Tickets tickets = Tickets.read();
        List<TaggedText> train = tickets.make(Tickets.Part.TRAIN, trained, seed);
        List<TaggedText> test = tickets.make(Tickets.Part.TEST, tested, seed + 1);

        try (EncoderFolder encoder = EncoderFolder.open(MiniLm.write(folder.resolve("minilm")))) {
            // 2. Give the encoder an output for each tag of a word.
            TrainableTag task = task(encoder, seed);

            // 3. What can it do as it is? Train a classifier on the vectors of its tokens.
            TagProbe probe = TagProbe.fit(task, train);

            // 4. Add an adapter to all linear layers, whose classifier begins as that one. Train both.
            AdapterView adapter = LoRAModel.of(task.network()).add("tickets", config(task, seed));
            probe.writeTo(adapter);
            train(adapter, task, train, steps, seed);

            // 5. Compare, and mask.
            Map<String, List<List<TagSpan>>> ways = ways(task, adapter, probe, test);
            ways.forEach((name, found) -> {
                PairedDifference than = than(ways, found, test);
                out.printf(
                        Locale.ROOT,
                        "%-20s F1 %.1f, LoRA is better by %.1f to %.1f%n",
                        name,
                        100 * metrics(test, found).micro().f1(),
                        100 * than.low(),
                        100 * than.high());
            });
            out.println(
                    masked(test.get(0), Objects.requireNonNull(ways.get(LORA)).get(0)));
            adapter.save(folder.resolve("adapters/tickets"));
            TaskFile.write(task.task(), folder.resolve("adapters/tickets"));
        }
    }

    /** Finds the personal data of tickets in all ways. */
    static Map<String, List<List<TagSpan>>> ways(
            TrainableTag task, AdapterView adapter, TagProbe probe, List<TaggedText> tickets) {
        Map<String, List<List<TagSpan>>> ways = new LinkedHashMap<>();
        ways.put("regular expressions", tickets.stream().map(Expressions::find).toList());
        ways.put("frozen model", spans(probe.measure(tickets)));
        ways.put(LORA, spans(task.measure(adapter, tickets)));
        return ways;
    }

    /** How much greater F1 of the adapter is than that of another way. */
    static PairedDifference than(
            Map<String, List<List<TagSpan>>> ways, List<List<TagSpan>> other, List<TaggedText> tickets) {
        return PairedDifference.ofF1(counts(tickets, Objects.requireNonNull(ways.get(LORA))), counts(tickets, other));
    }

    /** Personal data as tags of words, said by the first token of each word. */
    static TrainableTag task(EncoderFolder encoder, long seed) {
        Tag tag = new Tag(Labels.of(SCHEME.tags(Tickets.LABELS)), Tag.SubWords.FIRST, OptionalInt.empty());
        return new TrainableTag(
                tag,
                encoder.textTokens(),
                Head.TOKENS.network(encoder.model(), tag.labels().count(), seed));
    }

    static LoRAConfig config(TrainableTag task, long seed) {
        return Head.TOKENS.config(
                LoRAConfig.builder().rank(16).alpha(32).seed(seed).build(), task.network());
    }

    static TrainingResult train(
            AdapterView adapter,
            TrainableTag task,
            List<TaggedText> tickets,
            int steps,
            long seed,
            TrainingListener... listeners) {
        Trainer.Builder trainer = Trainer.builder(adapter)
                .loss(task.loss())
                .updater(new AdamW(new LinearWarmupSchedule(1e-3, steps / 10, steps), 0.01))
                .clipNorm(1)
                .maxIterations(steps);
        List.of(listeners).forEach(trainer::listener);
        return trainer.build()
                .fit(new EpochBatches(
                        tickets.size(),
                        Math.min(BATCH, tickets.size()),
                        seed,
                        some -> task.batch(
                                Arrays.stream(some).mapToObj(tickets::get).toList())));
    }

    static List<List<TagSpan>> spans(TaggedTexts texts) {
        return texts.predicted().stream().map(SCHEME::spans).toList();
    }

    /** Counts the spans of which the kind and all words are right. */
    static TagMetrics metrics(List<TaggedText> tickets, List<List<TagSpan>> found) {
        return TagMetrics.sum(each(tickets, found));
    }

    private static List<PrecisionRecall> counts(List<TaggedText> tickets, List<List<TagSpan>> found) {
        return each(tickets, found).stream().map(TagMetrics::micro).toList();
    }

    private static List<TagMetrics> each(List<TaggedText> tickets, List<List<TagSpan>> found) {
        List<TagMetrics> each = new ArrayList<>();
        for (int i = 0; i < tickets.size(); i++) {
            each.add(TagMetrics.of(tickets.get(i).tagged(), found.get(i)));
        }
        return each;
    }

    /** Puts the kind in the place of each span. */
    static String masked(TaggedText ticket, List<TagSpan> found) {
        StringBuilder text = new StringBuilder(ticket.words().text());
        List<TextSpan> spans = new TaggedText(ticket.words(), found).spans();
        for (int i = spans.size() - 1; i >= 0; i--) {
            TextSpan span = spans.get(i);
            text.replace(span.start(), span.end(), "[" + span.label().toUpperCase(Locale.ROOT) + "]");
        }
        return text.toString();
    }
}
