package org.lora4j.train;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.lora4j.nn.Parameter;
import org.nd4j.linalg.learning.config.IUpdater;

/** Which updater a parameter gets: that of the first group it belongs to, or else the one for the rest. */
final class UpdaterGroups {
    private final List<Group> groups;
    private final IUpdater rest;

    /** A group of parameters with an updater of their own. Not a record: each group counts by itself. */
    static final class Group {
        private final Predicate<? super Parameter> members;
        private final IUpdater updater;

        Group(Predicate<? super Parameter> members, IUpdater updater) {
            this.members = members;
            this.updater = updater;
        }
    }

    UpdaterGroups(List<Group> groups, IUpdater rest) {
        this.groups = List.copyOf(groups);
        this.rest = rest;
    }

    /**
     * Assigns an updater to each parameter.
     *
     * @throws IllegalArgumentException if a group gets none
     */
    Map<Parameter, IUpdater> assign(Collection<Parameter> parameters) {
        Map<Parameter, IUpdater> updaters = new LinkedHashMap<>();
        Set<Group> empty = new LinkedHashSet<>(groups);
        for (Parameter parameter : parameters) {
            IUpdater updater = rest;
            for (Group group : groups) {
                if (group.members.test(parameter)) {
                    updater = group.updater;
                    empty.remove(group);
                    break;
                }
            }
            updaters.put(parameter, updater);
        }
        if (!empty.isEmpty()) {
            throw new IllegalArgumentException(
                    "each group of an updater must get a parameter that trains, found none for "
                            + empty.stream().map(group -> group.updater).toList() + "; there are "
                            + parameters.stream().map(Parameter::name).toList());
        }
        return updaters;
    }
}
