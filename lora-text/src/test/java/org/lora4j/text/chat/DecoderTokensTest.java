package org.lora4j.text.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.Generator;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.EncoderFolderTest;
import org.lora4j.text.GoldenDecoder;
import org.lora4j.text.data.TokenExample;
import org.lora4j.text.metrics.Perplexity;
import org.lora4j.train.Batch;

/** Examples for a decoder: what of them is learned, where they are cut, and what a batch of them is. */
class DecoderTokensTest {
    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException, URISyntaxException {
        GoldenDecoder.write(folder, EncoderFolderTest.TOKENIZER);
    }

    @Test
    void aCompletionIsLearnedWithItsEnd() throws IOException {
        try (DecoderFolder decoder = DecoderFolder.open(folder)) {
            DecoderTokens tokens = decoder.tokens();
            TokenExample example = tokens.exchange("a b", "c");
            int[] prompt = decoder.tokenizer().encode("a b").ids();
            assertThat(example.prompt()).isEqualTo(prompt).isEqualTo(tokens.prompt("a b"));
            assertThat(example.answer())
                    .endsWith(decoder.endIds().iterator().next())
                    .startsWith(decoder.tokenizer().encodeRendered("c").ids());
            assertThat(tokens.withEnd(new int[] {7}))
                    .containsExactly(7, decoder.endIds().iterator().next());
            assertThat(example.learnedTokens()).isEqualTo(example.length() - prompt.length);
            assertThat(example.cut(prompt.length)).isNull();
            assertThat(Objects.requireNonNull(example.cut(prompt.length + 1)).learnedTokens())
                    .isEqualTo(1);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> tokens.conversation(Conversation.of(ChatMessage.of("user", "a"))))
                    .withMessageContaining("must have a chat template for conversations, found none");
        }
    }

    @Test
    void textIsCutIntoBlocksWithoutALastSingleToken() {
        List<TokenExample> blocks = DecoderTokens.blocks(new int[] {1, 2, 3, 4, 5, 6, 7}, 3);
        assertThat(blocks.stream().map(TokenExample::ids)).containsExactly(new int[] {1, 2, 3}, new int[] {4, 5, 6});
        assertThat(blocks.get(1).learnedTokens()).isEqualTo(2);
    }

    @Test
    void aBatchHasTheTokensThatAreLearnedAsLabels() {
        Batch batch = TokenExample.batch(List.of(
                new TokenExample(new int[] {7, 8, 9}, new boolean[] {false, false, true}),
                TokenExample.ofText(new int[] {5, 6})));
        assertThat(Objects.requireNonNull(batch.labels()).toFloatMatrix())
                .isDeepEqualTo(new float[][] {{-100, -100, 9}, {5, 6, -100}});
    }

    @Test
    void thePerplexityCountsWhatIsLearned() throws IOException {
        try (DecoderFolder decoder = DecoderFolder.open(folder)) {
            Generator generator = Generator.of(decoder.network());
            List<Double> each =
                    generator.score(new int[] {4}, new int[] {5, 6, 7}).tokens();
            Perplexity found = new TokenExample(new int[] {4, 5, 6, 7}, new boolean[] {true, false, true, true})
                    .perplexity(generator);
            assertThat(found.tokens()).isEqualTo(2);
            assertThat(found.nats()).isEqualTo(-each.get(1) - each.get(2));
        }
    }

    @Test
    void aGenerationEndsAtTheLastPosition() throws IOException {
        try (DecoderFolder decoder = DecoderFolder.open(folder)) {
            DecoderTokens tokens = decoder.tokens();
            GenerationOptions options =
                    tokens.fitting(GenerationOptions.greedy().withMaxTokens(1000), 4);
            assertThat(options.maxTokens()).isEqualTo(decoder.maxLength() - 3);
            assertThat(options.stopIds()).isEqualTo(decoder.endIds());
        }
    }
}
