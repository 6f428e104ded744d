package org.lora4j.text.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.fixtures.CompleteEncoder;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.serve.RequestOptions;
import org.lora4j.serve.ServingException;
import org.lora4j.text.Answer;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.TextModel;
import org.lora4j.text.TextService;
import org.lora4j.text.data.Labels;
import org.lora4j.text.data.TaggedText;
import org.lora4j.text.fixtures.OneTask;
import org.lora4j.text.tokens.TagScheme;
import org.lora4j.text.tokens.TextTokens;
import org.lora4j.text.tokens.TextWords;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Tags of words: windows, spans, offsets, and adapters of other tags in one batch. */
class TagTest {
    private static final Labels NAMES = Labels.of(List.of("O", "B-PER", "I-PER"));

    @TempDir
    private static Path temp;

    private static OneTask tasks;

    @BeforeAll
    static void write() throws IOException {
        tasks = OneTask.write(temp.resolve("tasks"));
    }

    private static TextTokens tokens(EncoderFolder folder, int most) {
        return folder.textTokens().withMaxTokens(most);
    }

    private static String repeated(int words) {
        return String.join(" ", Collections.nCopies(words, "parcel"));
    }

    /** Each token counts in the window in which it has the most context, and is in the windows beside it too. */
    @Test
    void aLongTextIsCutIntoOverlappingWindows() throws IOException {
        try (EncoderFolder folder = EncoderFolder.open(tasks.encoder())) {
            for (int most : new int[] {4, 5, 6, 10}) {
                for (int words : new int[] {1, 3, 8, 9, 30}) {
                    TextTokens limited = tokens(folder, most);
                    TextWords text = TextWords.of(repeated(words));
                    int special = limited.tokenizer().specialTokens();
                    int count = limited.offsets(text.text()).size() - special;
                    TagWindows windows = TagWindows.of(text, limited, false);
                    List<int[]> sequences = windows.sequences();
                    assertThat(sequences).allMatch(window -> window.length <= most);
                    assertThat(sequences.size() == 1).isEqualTo(count + special <= most);
                    assertThat(windows.length())
                            .isEqualTo(sequences.stream()
                                    .mapToInt(window -> window.length)
                                    .sum());
                    Set<Integer> rows = new HashSet<>();
                    for (int w = 0; w < words; w++) {
                        int[] all = windows.rowsOf(w, Tag.SubWords.ALL);
                        assertThat(all).isNotEmpty();
                        assertThat(windows.rowsOf(w, Tag.SubWords.FIRST)).containsExactly(all[0]);
                        for (int row : all) {
                            assertThat(rows.add(row)).isTrue();
                        }
                    }
                    assertThat(rows).hasSize(count);
                }
            }
        }
    }

    private static int[] windowOf(List<int[]> sequences, int row) {
        int start = 0;
        for (int i = 0; i < sequences.size(); i++) {
            if (row < start + sequences.get(i).length) {
                return new int[] {i, row - start, sequences.get(i).length};
            }
            start += sequences.get(i).length;
        }
        throw new IllegalArgumentException("no window of " + row);
    }

    @Test
    void aTokenCountsWhereItHasTheMostContext() throws IOException {
        try (EncoderFolder folder = EncoderFolder.open(tasks.encoder())) {
            TextTokens limited = tokens(folder, 10);
            TextWords text = TextWords.of(repeated(20));
            for (boolean isCausal : new boolean[] {false, true}) {
                TagWindows windows = TagWindows.of(text, limited, isCausal);
                List<int[]> sequences = windows.sequences();
                int special = limited.tokenizer().specialTokens();
                int before = 0;
                int last = -1;
                for (int w = 0; w < 20; w++) {
                    for (int row : windows.rowsOf(w, Tag.SubWords.ALL)) {
                        assertThat(row).isGreaterThan(last);
                        last = row;
                        int[] place = windowOf(sequences, row);
                        int inside = place[1] - 1;
                        int room = place[2] - special;
                        boolean isFirst = place[0] == 0;
                        boolean isLast = place[0] == sequences.size() - 1;
                        // A quarter of the room is shared: 2 of 8.
                        if (!isFirst) {
                            assertThat(inside).isGreaterThanOrEqualTo(isCausal ? 2 : 1);
                        }
                        if (!isLast && !isCausal) {
                            assertThat(room - 1 - inside).isGreaterThanOrEqualTo(1);
                        }
                        before++;
                    }
                }
                assertThat(before).isEqualTo(limited.offsets(text.text()).size() - special);
            }
        }
    }

    /** Outputs that say a tag for each row. */
    private static INDArray outputs(int[] best, int labels) {
        INDArray outputs = Nd4j.zeros(best.length, labels);
        for (int i = 0; i < best.length; i++) {
            outputs.putScalar(i, best[i], 3);
        }
        return outputs;
    }

    @Test
    void tagsOfWordsAreJoinedToSpans() throws IOException {
        try (EncoderFolder folder = EncoderFolder.open(tasks.encoder())) {
            String text = "never \uD83D\uDE00 my  parcel is where";
            List<TextWords> asked = List.of(TextWords.of(text));
            Network network = folder.model().tokenClassifier(3, 1);
            Tag.OnModel rows = new Tag(NAMES, Tag.SubWords.FIRST, OptionalInt.empty()).on(folder.textTokens(), network);
            TagWindows windows = TagWindows.of(asked.get(0), folder.textTokens(), false);
            int[] best = new int[windows.length()];
            // The words: never, the emoji, my, parcel, is, where.
            best[windows.rowsOf(2, Tag.SubWords.FIRST)[0]] = 1;
            best[windows.rowsOf(3, Tag.SubWords.FIRST)[0]] = 2;
            best[windows.rowsOf(5, Tag.SubWords.FIRST)[0]] = 2;
            TextTags found = rows.read(asked, outputs(best, 3)).get(0);
            double sure = Math.exp(3) / (Math.exp(3) + 2);
            assertThat(found.words())
                    .extracting(TextTags.Word::tag)
                    .containsExactly("O", "O", "B-PER", "I-PER", "O", "I-PER");
            assertThat(found.spans()).hasSize(2);
            TextTags.Span span = found.spans().get(0);
            assertThat(text.substring(span.start(), span.end()))
                    .isEqualTo("my  parcel")
                    .isEqualTo(span.text());
            assertThat(span.label()).isEqualTo("PER");
            assertThat(span.score()).isCloseTo(sure, Offset.offset(1e-6));
            assertThat(found.spans().get(1).text()).isEqualTo("where");
            // An emoji is two chars, and one code point.
            TextTags points = found.inCodePoints();
            assertThat(points.spans().get(0).start()).isEqualTo(span.start() - 1);
            assertThat(points.spans().get(0).end()).isEqualTo(span.end() - 1);
            assertThat(points.words().get(0)).isEqualTo(found.words().get(0));
        }
    }

    @Test
    void allSubWordsGiveTheMeanOfTheirProbabilities() throws IOException {
        try (EncoderFolder folder = EncoderFolder.open(tasks.encoder())) {
            TextWords words = TextWords.of("parcels where");
            Network network = folder.model().tokenClassifier(3, 1);
            Tag.OnModel rows = new Tag(NAMES, Tag.SubWords.ALL, OptionalInt.empty()).on(folder.textTokens(), network);
            TagWindows windows = TagWindows.of(words, folder.textTokens(), false);
            INDArray outputs = network.predict(rows.tokens(List.of(words)));
            TextTags found = rows.read(List.of(words), outputs).get(0);
            for (int w = 0; w < 2; w++) {
                double[] mean = new double[3];
                int[] all = windows.rowsOf(w, Tag.SubWords.ALL);
                for (int row : all) {
                    double[] values = outputs.getRow(row).toDoubleVector();
                    double sum = IntStream.range(0, 3)
                            .mapToDouble(k -> Math.exp(values[k]))
                            .sum();
                    for (int k = 0; k < 3; k++) {
                        mean[k] += Math.exp(values[k]) / sum / all.length;
                    }
                }
                double most = Math.max(mean[0], Math.max(mean[1], mean[2]));
                assertThat(found.words().get(w).score()).isCloseTo(most, Offset.offset(1e-6));
            }
        }
    }

    /** The service answers each adapter as its network alone does, and adapters of other tags and tasks in common batches. */
    @Test
    void theServiceGivesEachAdapterItsOwnTags() throws IOException {
        for (Path model : List.of(tasks.encoder(), tasks.decoder())) {
            for (String name : List.of(OneTask.NAMES, OneTask.PLACES, OneTask.PEFT_TAGS)) {
                List<TextTags> found = tasks.tags(model, name);
                assertThat(found).hasSameSizeAs(OneTask.TEXTS);
                assertThat(found).extracting(TextTags::text).isEqualTo(OneTask.TEXTS);
                assertThat(found.get(1).words()).hasSize(13);
                try (TextModel opened = OneTask.open(model);
                        TextService service = tasks.serve(opened)) {
                    Tag task = (Tag) service.task(name);
                    Network network = opened.network(Head.TOKENS);
                    AdapterView view = LoRAModel.of(network)
                            .load(name, tasks.adapters(model).resolve(name));
                    Tag.OnModel rows = task.on(opened.textTokens(), network);
                    List<TextWords> words =
                            OneTask.TEXTS.stream().map(TextWords::of).toList();
                    Sequences sequences = rows.tokens(words);
                    List<TextTags> alone = rows.read(words, view.predict(sequences));
                    for (int i = 0; i < found.size(); i++) {
                        for (int w = 0; w < found.get(i).words().size(); w++) {
                            TextTags.Word expected = alone.get(i).words().get(w);
                            TextTags.Word actual = found.get(i).words().get(w);
                            assertThat(actual.tag()).isEqualTo(expected.tag());
                            assertThat(actual.score()).isCloseTo(expected.score(), Offset.offset(1e-5));
                        }
                    }
                    assertThatExceptionOfType(ServingException.class)
                            .isThrownBy(() ->
                                    service.answer(Classify.class, name, OneTask.TEXTS, RequestOptions.defaults()))
                            .withMessageContaining("tags the words of texts; it was asked for something else");
                }
            }
        }
        assertThat(((Tag) readTask(OneTask.PEFT_TAGS)).labels()).isEqualTo(Labels.numbered(3));
    }

    private static Task readTask(String name) throws IOException {
        PretrainedModel model = PretrainedModel.load(tasks.encoder());
        return AdapterTask.of(tasks.encoderAdapters().resolve(name), model, Embed.asTheModelSays());
    }

    /** A model of transformers with its own tags needs no adapter. */
    @Test
    void aModelWithTagsIsServedAlone() throws IOException {
        Path folder = temp.resolve("tagger");
        CompleteEncoder.write(folder);
        PretrainedModel model = PretrainedModel.load(folder);
        model.save(model.tokenClassifier(3, 5), folder);
        MergedTask.write(new Tag(NAMES, Tag.SubWords.FIRST, OptionalInt.empty()), folder, false);
        try (TextModel opened = OneTask.open(folder);
                TextService service =
                        TextService.builder(opened).allowBase(true).build()) {
            assertThat(opened.task()).isEqualTo(new Tag(NAMES, Tag.SubWords.FIRST, OptionalInt.empty()));
            Answer<TextTags> answer = service.answer(
                    Tag.class, LoRAModel.BASE, List.of(TextWords.of("my parcel")), RequestOptions.defaults());
            assertThat(answer.values().get(0).words()).hasSize(2);
            assertThatExceptionOfType(ServingException.class)
                    .isThrownBy(() -> service.answer(
                            Tag.class, LoRAModel.BASE, List.of(TextWords.of("  ")), RequestOptions.defaults()))
                    .withMessageContaining("each text must have at least one token, found none in text 0");
        }
    }

    @Test
    void anExampleHasALabelForEachTokenThatCounts() throws IOException {
        try (EncoderFolder folder = EncoderFolder.open(tasks.encoder())) {
            Network network = folder.model().tokenClassifier(3, 1);
            TextTokens limited = tokens(folder, 8);
            Tag first = new Tag(NAMES, Tag.SubWords.FIRST, OptionalInt.of(8));
            TaggedText example = TaggedText.ofTags(
                    List.of("where", "is", "my", "parcel"), List.of("O", "B-PER", "I-PER", "O"), TagScheme.IOB2);
            for (Tag.SubWords which : Tag.SubWords.values()) {
                Tag task = new Tag(first.labels(), which, first.maxTokens());
                var batch = task.on(limited, network).batch(List.of(example, example));
                TagWindows windows = TagWindows.of(example.words(), limited, false);
                Sequences sequences = (Sequences) batch.input();
                List<Integer> labels = new ArrayList<>();
                for (int s = 0; s < sequences.count(); s++) {
                    for (int j = 0; j < sequences.length(s); j++) {
                        labels.add(Objects.requireNonNull(batch.labels()).getInt(s, j));
                    }
                }
                assertThat(labels).hasSize(2 * windows.length());
                int[] tags = {0, 1, 2, 0};
                int counted = 0;
                for (int w = 0; w < 4; w++) {
                    for (int row : windows.rowsOf(w, which)) {
                        assertThat(labels.get(row)).isEqualTo(tags[w]);
                        assertThat(labels.get(windows.length() + row)).isEqualTo(tags[w]);
                        counted += 2;
                    }
                }
                assertThat(labels.stream().filter(label -> label >= 0).count()).isEqualTo(counted);
            }
            TaggedText other = TaggedText.ofTags(List.of("where"), List.of("B-LOC"), TagScheme.IOB2);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> first.on(limited, network).batch(List.of(other)))
                    .withMessage("labels: a label must be one of [O, B-PER, I-PER], found 'B-LOC'");
        }
    }

    @Test
    void refusesWhatDoesNotFit() throws IOException {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Tag(Labels.of(List.of()), Tag.SubWords.FIRST, OptionalInt.empty()))
                .withMessage("id2label must name at least one tag, found none");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Classify(NAMES, Head.TOKENS, OptionalInt.empty()))
                .withMessage("head of a classifier must be one of [mean, pooler, last], found 'tokens'");
        LoRAConfig config = Head.TOKENS.config(
                LoRAConfig.of(2, 4), PretrainedModel.load(tasks.encoder()).tokenClassifier(2, 1));
        assertThat(config.modulesToSave()).containsExactly("classifier");
    }
}
