//! In which layer each box is.

/// The layers, counted from the top. Lines that would close a cycle lead upwards.
pub(super) fn ranks(boxes: usize, lines: &[(usize, usize)]) -> Vec<usize> {
    let mut below = vec![Vec::new(); boxes];
    for &(from, to) in lines {
        below[from].push(to);
    }
    let (order, is_back) = depth_first(&below);
    let mut downwards = vec![Vec::new(); boxes];
    for (from, targets) in below.iter().enumerate() {
        for (nth, &to) in targets.iter().enumerate() {
            let (top, bottom) = if is_back[from][nth] { (to, from) } else { (from, to) };
            downwards[top].push(bottom);
        }
    }
    let mut rank = vec![0; boxes];
    for top in order {
        for &bottom in &downwards[top] {
            rank[bottom] = rank[bottom].max(rank[top] + 1);
        }
    }
    rank
}

/// All boxes, each behind those that lead to it but for the lines that lead back to where the walk came from; and which lines these are.
fn depth_first(below: &[Vec<usize>]) -> (Vec<usize>, Vec<Vec<bool>>) {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        Not,
        Open,
        Done,
    }
    let mut seen = vec![Seen::Not; below.len()];
    let mut is_back: Vec<Vec<bool>> =
        below.iter().map(|targets| vec![false; targets.len()]).collect();
    let mut done = Vec::new();
    for start in 0..below.len() {
        if seen[start] != Seen::Not {
            continue;
        }
        seen[start] = Seen::Open;
        let mut stack = vec![(start, 0)];
        while let Some((at, next)) = stack.last_mut() {
            let (from, nth) = (*at, *next);
            *next += 1;
            let Some(&to) = below[from].get(nth) else {
                seen[from] = Seen::Done;
                done.push(from);
                stack.pop();
                continue;
            };
            match seen[to] {
                Seen::Open => is_back[from][nth] = true,
                Seen::Done => {}
                Seen::Not => {
                    seen[to] = Seen::Open;
                    stack.push((to, 0));
                }
            }
        }
    }
    done.reverse();
    (done, is_back)
}

#[cfg(test)]
mod tests {
    use super::ranks;

    #[test]
    fn boxes_stand_below_what_leads_to_them() {
        assert_eq!(ranks(4, &[(0, 1), (0, 2), (2, 1), (1, 3)]), [0, 2, 1, 3]);
    }

    #[test]
    fn a_loop_has_one_line_upwards() {
        assert_eq!(ranks(3, &[(0, 1), (1, 2), (2, 0)]), [0, 1, 2]);
    }
}
