package org.lora4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;

/** An adapter changes the embeddings of its view and no others. */
class AdaptersTest {
    private static final List<TextSegment> SEGMENTS = Texts.segments(Texts.ALL.subList(0, 6));

    private LoRAEmbeddingModel base;
    private List<Embedding> before;

    @BeforeEach
    void load() throws IOException {
        base = LoRAEmbeddingModel.of(MiniLm.folder());
        before = embed(base);
    }

    private static List<Embedding> embed(LoRAEmbeddingModel model) {
        return model.embedAll(SEGMENTS).content();
    }

    private static LoRAConfig config(long seed) {
        return LoRAConfig.builder()
                .rank(4)
                .alpha(32)
                .targetModules("query", "value")
                .init(LoRAInit.random())
                .seed(seed)
                .build();
    }

    @Test
    void changesItsViewAndNothingElse() {
        base.model().add("support", config(1));
        base.model().add("law", config(2));
        List<Embedding> support = embed(base.using("support"));
        List<Embedding> law = embed(base.using("law"));
        List<Embedding> both = embed(base.using("support", "law"));
        for (int i = 0; i < before.size(); i++) {
            assertThat(Texts.cosine(support.get(i), before.get(i))).isLessThan(0.999);
            assertThat(Texts.cosine(support.get(i), law.get(i))).isLessThan(0.999);
            assertThat(Texts.cosine(support.get(i), both.get(i))).isLessThan(0.9999);
        }
        assertThat(embed(base)).isEqualTo(before);
        assertThat(embed(base.using("support").base())).isEqualTo(before);
        assertThat(embed(base.using("law").using("support"))).isEqualTo(support);
    }

    @Test
    void theBaseDoesNotDependOnWhatIsActive() {
        base.model().add("support", config(1));
        base.model().activate("support");
        assertThat(embed(base)).isEqualTo(before);
        base.model().activate();
        assertThat(embed(base.using("support"))).isNotEqualTo(before);
    }

    @Test
    void aSavedAdapterHasTheSameEmbeddings(@TempDir Path folder) throws IOException {
        base.model().add("support", config(1));
        List<Embedding> expected = embed(base.using("support"));
        base.model().using("support").save(folder);

        LoRAEmbeddingModel other = LoRAEmbeddingModel.of(MiniLm.folder());
        LoRAEmbeddingModel loaded = other.load("loaded", folder);
        assertThat(embed(loaded)).isEqualTo(expected).isNotEqualTo(before);
        assertThat(embed(other)).isEqualTo(before);
        assertThat(other.model().names()).containsExactly("loaded");
    }

    @Test
    void aReplacedAdapterIsUsedFromTheNextCallOn() {
        base.model().add("support", config(1));
        LoRAEmbeddingModel view = base.using("support");
        base.model().add("law", config(2));
        assertThat(embed(view)).isNotEqualTo(embed(base.using("law")));
        base.model().replace("support", base.model().adapter("law"));
        assertThat(embed(view)).isEqualTo(embed(base.using("law")));
    }

    @Test
    void unknownAndDeletedAdaptersAreRefused() {
        base.model().add("support", config(1));
        LoRAEmbeddingModel view = base.using("support");
        base.model().delete("support");
        assertThatThrownBy(() -> view.embed("a text"))
                .isInstanceOf(ModelNotFoundException.class)
                .hasMessage("there is no model 'support'");
        assertThatThrownBy(() -> base.using("support"))
                .isInstanceOf(ModelNotFoundException.class)
                .hasMessage("there is no model 'support'");
        assertThatThrownBy(() -> base.using()).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void theNameOfTheModelHasTheAdapters() {
        base.model().add("support", config(1));
        base.model().add("law", config(2));
        assertThat(base.modelName()).isEqualTo("all-MiniLM-L6-v2");
        assertThat(base.using("support", "law").modelName()).isEqualTo("all-MiniLM-L6-v2+support+law");
        assertThat(base.using("law")).hasToString("LoRAEmbeddingModel[all-MiniLM-L6-v2+law]");
        EmbeddingRequest request = EmbeddingRequest.builder().input("a text").build();
        assertThat(base.using("law").embed(request).metadata().modelName()).isEqualTo("all-MiniLM-L6-v2+law");
    }
}
