package org.lora4j.example.mnist;

import java.util.Objects;
import picocli.CommandLine.IVersionProvider;

/** The version that the jar's manifest names. */
final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
        String version = Version.class.getPackage().getImplementationVersion();
        return new String[] {"lora-mnist-example " + Objects.requireNonNullElse(version, "(no release)")};
    }
}
