package org.lora4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.data.document.Document;
import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.request.EmbeddingInputType;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import dev.langchain4j.rag.content.Content;
import dev.langchain4j.rag.content.aggregator.ContentAggregator;
import dev.langchain4j.rag.content.aggregator.ReRankingContentAggregator;
import dev.langchain4j.rag.content.retriever.ContentRetriever;
import dev.langchain4j.rag.content.retriever.EmbeddingStoreContentRetriever;
import dev.langchain4j.rag.query.Query;
import dev.langchain4j.store.embedding.EmbeddingStore;
import dev.langchain4j.store.embedding.EmbeddingStoreIngestor;
import dev.langchain4j.store.embedding.inmemory.InMemoryEmbeddingStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.tokens.Prompts;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;

/** The code blocks of the page about LangChain4j. */
@Tag("slow")
class GuideTest {
    private final Path folder = MiniLm.folder();
    private final EmbeddingStore<TextSegment> store = new InMemoryEmbeddingStore<>();

    private final List<String> passages = List.of(
            "Shipments are handed to the carrier within two working days and can be followed with the number in the mail.",
            "An account is unlocked through the link that is sent to the registered address.",
            "Amounts are credited to the original means of payment within a week after the goods are received.",
            "Devices are repaired free of charge for two years if the fault is not due to wear.");
    private final List<String> questions = List.of(
            "Where is my stuff?",
            "It says wrong login, what now?",
            "When do I see my money again?",
            "The screen is dead, who fixes it?");

    // spotless:off
    @Test
    void changeOneLine() throws IOException {
        List<Document> documents = passages.stream().map(Document::from).toList();
        EmbeddingModel model = LoRAEmbeddingModel.of(folder); // before: new AllMiniLmL6V2EmbeddingModel()
        EmbeddingStoreIngestor.builder()
                .embeddingStore(store)
                .embeddingModel(model)
                .build()
                .ingest(documents);
        ContentRetriever retriever = EmbeddingStoreContentRetriever.builder()
                .embeddingStore(store)
                .embeddingModel(model)
                .maxResults(1)
                .build();
        List<Content> found = retriever.retrieve(Query.from("Where is my parcel?"));
        assertThat(found).hasSize(1);
        assertThat(found.get(0).textSegment().text()).isEqualTo(passages.get(0));
    }

    @Test
    void adaptItToTheDomain(@TempDir Path adapters) throws IOException {
        LoRAEmbeddingModel base = LoRAEmbeddingModel.of(folder);
        LoRAConfig config = LoRAConfig.builder().rank(8).alpha(16).targetModules("query", "value").build();
        AdapterView support = base.model().add("support", config);

        Batch pairs = Batch.ofPairs(base.tokens(questions), base.tokens(passages));
        Trainer.builder(support)
                .loss(Loss.inBatchNegatives(20))
                .updater(new AdamW(2e-3, 0.01))
                .epochs(20)
                .build()
                .fit(List.of(pairs));
        support.save(adapters.resolve("support"));

        EmbeddingModel adapted = LoRAEmbeddingModel.of(folder).load("support", adapters.resolve("support"));
        Embedding embedding = adapted.embed("Where is my parcel?").content();
        assertThat(embedding.dimension()).isEqualTo(adapted.dimension());
        for (int i = 0; i < questions.size(); i++) {
            assertThat(lead(adapted, i)).as(questions.get(i)).isGreaterThan(lead(base, i) + 0.1);
        }
    }

    @Test
    void anAdapterForEachRequest(@TempDir Path small) throws IOException {
        Path folder = SmallFolders.encoder(small.resolve("e5"));
        Path adapters = small.resolve("adapters");
        SmallFolders.encoderAdapter(folder, adapters.resolve("support"), 1);
        LoRAEmbeddingModel embeddings = LoRAEmbeddingModel.builder(folder)
                .adapters(adapters)
                .prompts(Prompts.e5())
                .build();
        EmbeddingRequest request = EmbeddingRequest.builder()
                .input("Where is my parcel?")
                .modelName("support")
                .inputType(EmbeddingInputType.QUERY)
                .build();
        Embedding embedding = embeddings.embed(request).embeddings().get(0);
        assertThat(embedding.dimension()).isEqualTo(24);
        assertThat(embeddings.using("support").embed("query: Where is my parcel?").content()).isEqualTo(embedding);
    }

    @Test
    void rankAgain(@TempDir Path small) throws IOException {
        Path crossEncoder = SmallFolders.classifier(small.resolve("cross"), 1);
        Path rankAdapters = small.resolve("adapters");
        SmallFolders.encoderAdapter(crossEncoder, rankAdapters.resolve("support"), 1);
        LoRAScoringModel scores = LoRAScoringModel.builder(crossEncoder).adapters(rankAdapters).build();
        ContentAggregator reranking = ReRankingContentAggregator.builder()
                .scoringModel(scores.using("support"))
                .maxResults(3)
                .build();
        Query query = Query.from(questions.get(0));
        List<Content> all = passages.stream().map(Content::from).toList();
        List<Content> ranked = reranking.aggregate(Map.of(query, List.of(all)));
        assertThat(ranked).hasSize(3);
        List<Double> found = ranked.stream()
                .map(content -> scores.using("support").score(content.textSegment(), query.text()).content())
                .toList();
        assertThat(found).isSortedAccordingTo(Comparator.reverseOrder());
    }

    @Test
    void anAdapterWithItsOwnClassifier(@TempDir Path small) throws IOException {
        Path folder = SmallFolders.encoder(small.resolve("plain"));
        Path adapters = small.resolve("adapters");
        try (EncoderFolder plain = EncoderFolder.open(folder)) {
            LoRAModel trained = LoRAModel.of(plain.model().meanClassifier(1, 5));
            trained.add("x", SmallFolders.config(1, "query").modulesToSave("classifier").build()).save(adapters.resolve("rank"));
        }
        EncoderFolder encoder = EncoderFolder.open(folder);
        LoRAScoringModel ranks = LoRAScoringModel.builder(encoder)
                .model(LoRAModel.of(encoder.model().meanClassifier(1, 0)))
                .adapter("rank", adapters.resolve("rank"))
                .modelName("rank")
                .build();
        assertThat(ranks.score("my parcel", "where").content()).isBetween(0.0, 1.0);
        encoder.close();
    }

    @Test
    void chat(@TempDir Path small) throws Exception {
        Path decoder = SmallFolders.decoder(small.resolve("tiny"));
        // Writes less than a template that names the roles, for 64 positions.
        Files.writeString(decoder.resolve("chat_template.jinja"), "{% for m in messages %}{{ m['content'] }} {% endfor %}");
        Path chatAdapters = small.resolve("adapters");
        SmallFolders.decoderAdapter(decoder, chatAdapters.resolve("support"), 1);
        LoRAChatModel chat = LoRAChatModel.builder(decoder)
                .adapter("support", chatAdapters.resolve("support"))
                .maxOutputTokens(20)
                .timeout(Duration.ofMinutes(1))
                .build();
        ChatRequest question = ChatRequest.builder()
                .messages(SystemMessage.from("You help."), UserMessage.from("Where is it?"))
                .modelName("support")
                .temperature(0.0)
                .build();
        String answer = chat.chat(question).aiMessage().text();
        Received received = new Received();
        chat.streaming().chat(question, received);
        assertThat(received.response().aiMessage().text()).isEqualTo(answer).isNotEmpty();
        chat.close();
    }

    /** By how much a question is more similar to its passage than to the most similar other one. */
    private double lead(EmbeddingModel model, int question) {
        Embedding asked = model.embed(questions.get(question)).content();
        List<Embedding> index = model.embedAll(Texts.segments(passages)).content();
        double other = IntStream.range(0, index.size())
                .filter(i -> i != question)
                .mapToDouble(i -> Texts.cosine(asked, index.get(i)))
                .max()
                .orElseThrow();
        return Texts.cosine(asked, index.get(question)) - other;
    }
    // spotless:on
}
