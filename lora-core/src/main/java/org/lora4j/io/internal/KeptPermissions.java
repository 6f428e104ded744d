package org.lora4j.io.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The POSIX permissions of a file, for the one that replaces it. There are none if the file does not exist, or if the
 * platform has no such permissions.
 */
final class KeptPermissions {
    private final @Nullable Set<PosixFilePermission> permissions;

    private KeptPermissions(@Nullable Set<PosixFilePermission> permissions) {
        this.permissions = permissions;
    }

    static KeptPermissions of(Path file) throws IOException {
        PosixFileAttributeView view = Files.getFileAttributeView(file, PosixFileAttributeView.class);
        if (view == null) {
            return new KeptPermissions(null);
        }
        try {
            return new KeptPermissions(view.readAttributes().permissions());
        } catch (NoSuchFileException e) {
            return new KeptPermissions(null);
        }
    }

    /** The permissions with which the new file is created: nobody else may read it sooner than the older one. */
    FileAttribute<?>[] whileWriting() {
        if (permissions == null) {
            return new FileAttribute<?>[0];
        }
        // A writer opens the file again to find out whether it was abandoned.
        EnumSet<PosixFilePermission> writable =
                EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);
        writable.addAll(permissions);
        return new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(writable)};
    }

    /** Gives the new file the permissions. */
    void apply(Path file) throws IOException {
        if (permissions != null) {
            Files.setPosixFilePermissions(file, permissions);
        }
    }
}
