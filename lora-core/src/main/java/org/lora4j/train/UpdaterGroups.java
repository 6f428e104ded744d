package org.lora4j.train;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.learning.config.IUpdater;

/** Chooses the updater of a parameter: the one of the first group that contains it, or the default one. */
final class UpdaterGroups {
    private final List<Group> groups;
    private final IUpdater rest;

    /** A group of parameters with its updater. Not a record: two groups are never equal. */
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
     * @throws IllegalArgumentException if a group contains no parameter
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
                    "each group must contain a trainable parameter, found none in the groups of the updaters "
                            + empty.stream().map(group -> group.updater).toList() + "; the trainable parameters are "
                            + parameters.stream().map(Parameter::name).toList());
        }
        return updaters;
    }

    /** Whether one of the updaters is computed by ND4J. */
    boolean useNd4j() {
        return Stream.concat(Stream.of(rest), groups.stream().map(group -> group.updater))
                .anyMatch(updater -> !ParameterUpdater.isAdam(updater));
    }
}
