package org.lora4j.onednn;

import java.util.function.Consumer;
import java.util.function.Supplier;
import org.lora4j.internal.memory.IdlePool;
import org.lora4j.internal.threads.ThreadTeam;

/** The threads of an engine. Each computation runs in one of them, with a workspace that no other uses meanwhile. */
final class Workers {
    private final OpenMp openMp;
    private final ThreadTeam team;
    private final IdlePool<Workspace> workspaces = new IdlePool<>(Workspace::new);

    Workers(OpenMp openMp, ThreadTeam team) {
        this.openMp = openMp;
        this.team = team;
    }

    ThreadTeam team() {
        return team;
    }

    /** Runs a computation in this thread only. */
    void compute(Consumer<Workspace> computation) {
        alone(() -> workspaces.use(workspace -> {
            computation.accept(workspace);
            return workspace;
        }));
    }

    /** Runs what needs no workspace in this thread only. */
    <T> T alone(Supplier<T> computation) {
        int before = openMp.enter();
        try {
            return computation.get();
        } finally {
            openMp.leave(before);
        }
    }
}
