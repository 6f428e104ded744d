package org.lora4j.spring;

import java.util.List;
import org.lora4j.serve.RequestOptions;
import org.lora4j.serve.ServingException;
import org.lora4j.text.TextService;
import org.lora4j.text.task.Classify;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.Rerank;
import org.lora4j.text.tokens.TextPair;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

@RestController
@SpringBootApplication
public class Application {
    private final TextService texts;

    Application(TextService texts) {
        this.texts = texts;
    }

    @GetMapping("/embed/{adapter}")
    float[] embed(@PathVariable("adapter") String adapter, @RequestParam("text") String text) {
        return texts.answer(Embed.class, adapter, Embed.Texts.of(List.of(text)), RequestOptions.defaults())
                .values()
                .get(0);
    }

    @GetMapping("/classify/{adapter}")
    String classify(@PathVariable("adapter") String adapter, @RequestParam("text") String text) {
        return texts.answer(Classify.class, adapter, List.of(text), RequestOptions.defaults())
                .values()
                .get(0)
                .best();
    }

    @GetMapping("/score/{adapter}")
    double score(
            @PathVariable("adapter") String adapter,
            @RequestParam("query") String query,
            @RequestParam("document") String document) {
        List<TextPair> pairs = List.of(new TextPair(query, document));
        return texts.answer(Rerank.class, adapter, pairs, RequestOptions.defaults())
                .values()
                .get(0)
                .probability();
    }

    @ExceptionHandler
    ResponseEntity<String> refuse(ServingException e) {
        return ResponseEntity.status(e.reason().httpStatus()).body(e.getMessage());
    }

    public static void main(String[] args) {
        SpringApplication.run(Application.class, args);
    }
}
