package org.lora4j.random;

import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestTemplateInvocationContext;
import org.junit.jupiter.api.extension.TestTemplateInvocationContextProvider;

/** Draws the values for each try of a {@link RandomTest}. */
class RandomTries implements TestTemplateInvocationContextProvider {
    @Override
    public boolean supportsTestTemplate(ExtensionContext test) {
        return test.getRequiredTestMethod().isAnnotationPresent(RandomTest.class);
    }

    @Override
    public Stream<TestTemplateInvocationContext> provideTestTemplateInvocationContexts(ExtensionContext test) {
        Method method = test.getRequiredTestMethod();
        return tries(
                        method,
                        method.getAnnotation(RandomTest.class).tries(),
                        Long.parseLong(System.getProperty("random.seed", "0")))
                .stream()
                .map(TestTemplateInvocationContext.class::cast);
    }

    static List<Try> tries(Method method, int tries, long seed) {
        Map<String, Values> parameters = new LinkedHashMap<>();
        for (Parameter parameter : method.getParameters()) {
            parameters.put(parameter.getName(), Values.of(parameter));
        }
        String name = method.getDeclaringClass().getName() + "." + method.getName();
        SplittableRandom random = new SplittableRandom(31 * seed + name.hashCode());
        List<Try> result = new ArrayList<>();
        for (int i = 0; i < tries; i++) {
            Map<String, Object> values = new LinkedHashMap<>();
            int number = i;
            parameters.forEach((parameter, any) -> values.put(parameter, any.draw(number, random)));
            result.add(new Try(values));
        }
        return result;
    }
}
