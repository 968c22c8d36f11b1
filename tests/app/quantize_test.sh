#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From a trained network to an integer file, and quantization-aware fine-tuning.
source "$(dirname "$0")/common.sh"
mnist=$(realpath "${FOVEA_DATA:-../shared/data}/mnist" 2>/dev/null || true)
cd "$work" || exit 1
data=digits:3000
[[ -d $mnist ]] && data=mnist:$mnist || echo "no MNIST in \$FOVEA_DATA: drawn digits take its place"

"$fovea" train lenet5 --data $data --epochs 1 --out run >/dev/null 2>log || wrong "training: $(tail -1 log)"

# The printed accuracy is that of the file for any number of threads, and close to that of the float network.
for threads in 1 2; do
  "$fovea" quantize run --calibrate $data --images 100 --evaluate $data --threads $threads -o $threads.tflite --json >$threads.json 2>log || wrong "quantize: $(tail -1 log)"
done
cmp -s 1.tflite 2.tflite || wrong "one and two threads write different files"
[[ $(json 1.json "j['layers']") == "$(json 2.json "j['layers']")" ]] || wrong "one and two threads measure different noise"
[[ $(json 1.json "abs(j['before']['top1'] - j['after']['top1']) < 0.01") == True ]] || wrong "accuracy: $(json 1.json "j['before'], j['after']")"
[[ $(json 1.json "j['float_layers']") == "[]" ]] || wrong "layers in f32: $(json 1.json "j['float_layers']")"
[[ $(json 1.json "min(each['alone'] for each in j['layers']) > 25") == True ]] || wrong "noise: $(json 1.json "j['layers']")"
"$fovea" eval 1.tflite --data $data --json >file.json 2>log || wrong "eval of the file: $(tail -1 log)"
[[ $(json file.json "j['top1']") == "$(json 1.json "j['after']['top1']")" ]] || wrong "the file answers otherwise than the network it was written from"
python3 -c "import sys, xml.dom.minidom as x; sys.exit(len(x.parse('1.svg').getElementsByTagName('rect')) < 8)" || wrong "the chart shows too few bars"

# Calibration methods and forms of quantization.
for options in "--method percentile" "--method mse --equalize" "--method entropy --per-tensor" "--input int8 --keep-biases" "--input float --float-layers conv1 --dense-per-channel"; do
  "$fovea" quantize run --calibrate $data --images 50 $options -o form.tflite >/dev/null 2>log || wrong "quantize $options: $(tail -1 log)"
  "$fovea" eval form.tflite --data $data --json >form.json 2>log || wrong "eval after $options: $(tail -1 log)"
  [[ $(json form.json "abs(j['top1'] - $(json 1.json "j['before']['top1']")) < 0.02") == True ]] || wrong "$options: top-1 $(json form.json "j['top1']")"
done

# After quantization-aware training, the printed accuracy is that of the file, and a resumed run gives the same bytes as one
# that was not stopped. Drawn digits suffice, because the run is only compared with itself.
data=digits:6000
"$fovea" train lenet5 --data $data --epochs 1 --out drawn >/dev/null 2>log || wrong "training: $(tail -1 log)"
tune=(lenet5 --data $data --quantize-aware --weights drawn --epochs 3 --set rate.peak=0.001 --set checkpoint.every_seconds=0)
"$fovea" train "${tune[@]}" --out tuned --json >tuned.json 2>log || wrong "fine-tuning: $(tail -1 log)"
"$fovea" quantize tuned --calibrate $data --images 50 --evaluate $data --json >after.json 2>log || wrong "quantize of it: $(tail -1 log)"
[[ $(json after.json "abs(j['after']['top1'] - $(json tuned.json "j['top1']")) < 0.005") == True ]] ||
  wrong "fine-tuned $(json tuned.json "j['top1']"), as integers $(json after.json "j['after']['top1']")"
"$fovea" train "${tune[@]}" --set checkpoint.every_steps=5 --out stopped >/dev/null 2>&1 & pid=$!
for _ in $(seq 200); do [[ -f stopped/state.json ]] && break; sleep 0.05; done
kill -INT $pid 2>/dev/null; wait $pid
"$fovea" train --resume --out stopped >/dev/null 2>log || wrong "resuming: $(tail -1 log)"
cmp -s tuned/model.safetensors stopped/model.safetensors || wrong "a stopped and resumed fine-tuning differs"

refused 2 'unknown method "minmx"; did you mean "minmax"?' quantize run --calibrate $data --method minmx
refused 2 'unknown input "u8"' quantize run --calibrate $data --input u8
refused 2 'unknown layer "conv9"' quantize run --calibrate $data --float-layers conv9
refused 2 'the ending must be .tflite or .onnx' quantize run --calibrate $data -o run.bin
refused 2 '1.tflite holds integers already' quantize 1.tflite --calibrate $data
refused 2 'fine-tunes a trained network' train lenet5 --data $data --quantize-aware --out none
refused 2 'tuned was trained for integers; fovea quantize tuned' export tuned -o tuned.onnx
refused 2 'needs dtype f32' train lenet5 --data $data --quantize-aware --weights drawn --dtype bf16 --out none
finish
