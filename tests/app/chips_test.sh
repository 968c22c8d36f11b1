#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The ways to NVIDIA's and AMD's chips: their stages without a device; AMD's code objects; and all kernels of small networks and
# their training steps through ptxas, which is used where it is installed. Plans for accelerators.
source "$(dirname "$0")/common.sh"
judges=$(dirname "$0")/../judges

"$fovea" lower mnist-mlp --device cuda --stage ptx --cpu sm_90 --kernel dense3_contraction >"$work/ptx" || wrong "no PTX"
grep -q '^\.target sm_90' "$work/ptx" || wrong "the PTX is not for sm_90"
grep -q '\.visible \.entry kernel(' "$work/ptx" || wrong "the PTX has no kernel"
refused 2 'unknown kind of device "sm_91"; did you mean "sm_90"' lower mnist-mlp --device cuda --stage ptx --cpu sm_91
refused 2 'unknown stage "spirv"' lower mnist-mlp --device cuda --stage spirv
if ! ldconfig -p | grep -q 'libcuda\.so\.1'; then
  refused 1 "there is no device \"cuda\": NVIDIA's driver, libcuda.so.1, is not installed" bench mnist-mlp --device cuda
fi

# AMD's code objects: assembled, linked and disassembled, kernel by kernel.
assembler=$(command -v llvm-mc-19) linker=$(command -v ld.lld-19) disassembler=$(command -v llvm-objdump-19)
if [[ -n $assembler && -n $linker && -n $disassembler ]]; then
  for kernel in dense1_contraction dense3_contraction; do
    "$fovea" lower mnist-mlp --device hip --cpu gfx90a --stage amdgcn --kernel $kernel >"$work/amd.s" || wrong "no code for gfx90a"
    "$assembler" -triple=amdgcn-amd-amdhsa -mcpu=gfx90a -filetype=obj "$work/amd.s" -o "$work/amd.o" &&
      "$linker" -shared "$work/amd.o" -o "$work/amd.hsaco" || { wrong "$kernel is no code object"; continue; }
    "$disassembler" -d "$work/amd.hsaco" >"$work/amd.txt"
    grep -q '<kernel>:' "$work/amd.txt" && grep -q 's_barrier' "$work/amd.txt" && grep -q 's_endpgm' "$work/amd.txt" ||
      wrong "$kernel has no barrier or no end in gfx90a's instructions"
  done
fi

# A plan for a machine that is elsewhere: its kernels add up, and none is faster than its products or its bytes allow.
"$fovea" bench mnist-cnn --train --batch 8 --device h200 --plan --json >"$work/plan.json" 2>/dev/null || wrong "no plan"
sum=$(json "$work/plan.json" "[round(sum(k['seconds'] for k in j['kernels']) / j['seconds'], 6), sum(k['flops'] for k in j['kernels']) == j['flops'],
  all(k['seconds'] >= max(k['flops'] / j['f32_flops'], (k['bytes_read'] + k['bytes_written']) / j['bytes_per_second']) * 0.999 for k in j['kernels'])]")
[[ $sum == '[1.0, True, True]' ]] || wrong "the plan does not add up: $sum"
refused 2 'unknown accelerator "h20"; did you mean "h200"' bench mnist-cnn --plan --device h20
refused 2 '--plan needs --device' bench mnist-cnn --plan

judge() {
  "$judges/check_ptx.py" "$fovea" "$@" >"$work/said"; local status=$?
  ((status == 77)) && { finish && cat "$work/said" && exit 77; exit 1; }
  ((status == 0)) || wrong "$(cat "$work/said")"
  cat "$work/said"
}
judge sm_90 mnist-mlp --train
judge sm_70 mnist-cnn --train
judge sm_80 mobilenet-v2 --input 32x32x3
finish
