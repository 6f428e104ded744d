package org.lora4j.nn;

import java.lang.reflect.Field;
import java.util.concurrent.atomic.AtomicLong;
import org.nd4j.linalg.api.memory.deallocation.DeallocatorService;
import org.nd4j.linalg.factory.Nd4j;

/** Counts what ND4J allocates: each native buffer and context registers with its deallocator service. */
public final class NativeObjects {
    private NativeObjects() {}

    /** How many were made since the process began. */
    public static long made() {
        try {
            Field counter = DeallocatorService.class.getDeclaredField("counter");
            counter.setAccessible(true);
            return ((AtomicLong) counter.get(Nd4j.getDeallocatorService())).get();
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }
}
