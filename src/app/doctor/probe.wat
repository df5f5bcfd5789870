;; What `openpista doctor --prove` has a guest try. The input is a digit: 1 files, 2 memory, 3 time.
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 64) "../../../../../../etc/passwd")
  (data (i32.const 128) "openpista-probe")
  (data (i32.const 256) "{\"read\":00,\"write\":00}")
  (func (export "alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "dealloc") (param i32 i32))
  ;; Writes an error number of two digits.
  (func $note (param $at i32) (param $number i32)
    (i32.store8 (local.get $at) (i32.add (i32.const 48) (i32.div_u (local.get $number) (i32.const 10))))
    (i32.store8 offset=1 (local.get $at) (i32.add (i32.const 48) (i32.rem_u (local.get $number) (i32.const 10)))))
  (func (export "run") (param $place i32) (param $len i32) (result i64)
    (local $what i32)
    (local.set $what (i32.load8_u (local.get $place)))
    (if (i32.eq (local.get $what) (i32.const 50))
      (then
        (loop $more (br_if $more (i32.ne (memory.grow (i32.const 64)) (i32.const -1))))
        (unreachable)))
    (if (i32.eq (local.get $what) (i32.const 51)) (then (loop $ever (br $ever))))
    ;; Out of the directory that it sees, and writing to it (create, with all rights).
    (call $note (i32.const 264)
      (call $open (i32.const 3) (i32.const 1) (i32.const 64) (i32.const 28) (i32.const 0)
        (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 512)))
    (call $note (i32.const 275)
      (call $open (i32.const 3) (i32.const 0) (i32.const 128) (i32.const 15) (i32.const 1)
        (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 512)))
    (i64.const 0x0000010000000016)))
