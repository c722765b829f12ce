/* What a process may do. Swift can't do it: prctl is variadic and capset has no libc wrapper. The ids are set
 * by plain system calls: libc's functions would signal every thread of the process. */
#include "millrace_linux.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static int32_t control(int option, unsigned long second, unsigned long third) {
    return prctl(option, second, third, 0UL, 0UL) < 0 ? -errno : 0;
}

int32_t millrace_set_no_new_privileges(void) { return control(PR_SET_NO_NEW_PRIVS, 1, 0); }

int32_t millrace_set_subreaper(void) { return control(PR_SET_CHILD_SUBREAPER, 1, 0); }

int32_t millrace_set_parent_death_signal(int32_t signal) {
    return control(PR_SET_PDEATHSIG, (unsigned long)signal, 0);
}

int32_t millrace_set_undumpable(void) { return control(PR_SET_DUMPABLE, 0, 0); }

int32_t millrace_drop_bounding_set(void) {
    /* The kernel may know more capabilities than this build: it says EINVAL after its last one. */
    for (unsigned long capability = 0; capability < 64; capability++) {
        int32_t result = control(PR_CAPBSET_DROP, capability, 0);
        if (result == -EINVAL) break;
        if (result < 0) return result;
    }
    return 0;
}

int32_t millrace_drop_ambient_set(void) { return control(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0); }

int32_t millrace_lock_secure_bits(void) {
    return control(PR_SET_SECUREBITS,
                   SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
                       SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
                       SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED,
                   0);
}

int32_t millrace_drop_capabilities(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];
    memset(none, 0, sizeof none);
    return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

int32_t millrace_set_identity(uint32_t uid, uint32_t gid) {
    if (syscall(SYS_setgroups, 0, NULL) < 0) return -errno;
    if (syscall(SYS_setresgid, gid, gid, gid) < 0) return -errno;
    if (syscall(SYS_setresuid, uid, uid, uid) < 0) return -errno;
    return 0;
}

int32_t millrace_pass_gate(const millrace_gate *gate) {
    if (syscall(SYS_setgroups, 0, NULL) < 0) return -errno;
    if (syscall(SYS_setresgid, gate->gid, gate->gate_gid, gate->gate_gid) < 0) return -errno;
    if (syscall(SYS_setresuid, gate->host_uid, gate->uid, gate->host_uid) < 0) return -errno;
    return 0;
}

int32_t millrace_leave_gate(uint32_t uid, uint32_t gid) {
    if (syscall(SYS_setresgid, gid, gid, gid) < 0) return -errno;
    if (syscall(SYS_setresuid, uid, uid, uid) < 0) return -errno;
    return 0;
}

int32_t millrace_get_limit(int32_t resource, uint64_t *soft, uint64_t *hard) {
    struct rlimit limit;
    if (getrlimit((__rlimit_resource_t)resource, &limit) < 0) return -errno;
    *soft = limit.rlim_cur;
    *hard = limit.rlim_max;
    return 0;
}

int32_t millrace_set_limit(int32_t resource, uint64_t soft, uint64_t hard) {
    const struct rlimit limit = {.rlim_cur = soft, .rlim_max = hard};
    return setrlimit((__rlimit_resource_t)resource, &limit) < 0 ? -errno : 0;
}
