package org.lora4j.spring;

import java.util.List;
import org.lora4j.nn.input.Sequences;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.RequestOptions;
import org.lora4j.serve.ServingException;
import org.lora4j.text.ClientTexts;
import org.lora4j.text.EncoderFolder;
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
    private final ClientTexts texts;
    private final BatchingPredictor predictor;

    Application(EncoderFolder encoder, BatchingPredictor predictor) {
        texts = new ClientTexts(encoder);
        this.predictor = predictor;
    }

    @GetMapping("/embed/{adapter}")
    float[] embed(@PathVariable("adapter") String adapter, @RequestParam("text") String text) {
        Sequences tokens = texts.tokens(adapter, List.of(text), RequestOptions.defaults());
        return predictor.predict(tokens, adapter).toFloatVector();
    }

    @ExceptionHandler
    ResponseEntity<String> refuse(ServingException e) {
        return ResponseEntity.status(e.reason().httpStatus()).body(e.getMessage());
    }

    public static void main(String[] args) {
        SpringApplication.run(Application.class, args);
    }
}
